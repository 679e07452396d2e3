import { useTranslation } from 'react-i18next';
import { Page } from '@/ui';

export default function UploadPage() {
  const { t } = useTranslation('upload');
  return <Page title={t('title')}>{null}</Page>;
}
