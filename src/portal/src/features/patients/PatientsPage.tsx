import { useTranslation } from 'react-i18next';
import { Page } from '@/ui';

export default function PatientsPage() {
  const { t } = useTranslation('patients');
  return <Page title={t('title')}>{null}</Page>;
}
