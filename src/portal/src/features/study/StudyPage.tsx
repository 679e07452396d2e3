import { useTranslation } from 'react-i18next';
import { Page } from '@/ui';

export default function StudyPage() {
  const { t } = useTranslation('study');
  return <Page title={t('title')} isWide>{null}</Page>;
}
