import { useTranslation } from 'react-i18next';
import { Page } from '@/ui';

export default function StudiesPage() {
  const { t } = useTranslation('studies');
  return <Page title={t('title')}>{null}</Page>;
}
