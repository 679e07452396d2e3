import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/lib/format';
import { useCan, useTenant } from '@/lib/session';
import { Button, NoPermission, Notice, Page, Panel } from '@/ui';
import { DropZone } from './DropZone';
import { Found } from './Found';
import { Sending } from './Sending';
import { transferOf } from './transfer';
import styles from './Upload.module.css';

/** Folders, files and archives on their way to the platform. */
export default function UploadPage() {
  const { t } = useTranslation('upload');
  return <Page title={t('title')}>{useCan('storeStudies') ? <Upload /> : <Panel><NoPermission>{t('noPermission')}</NoPermission></Panel>}</Page>;
}

function Upload() {
  const { t } = useTranslation('upload');
  const format = useFormat();
  const transfer = transferOf(useTenant());
  const { looking, queue, skipped, unfinished, isPatientListLost } = useSyncExternalStore(transfer.subscribe, transfer.snapshot);
  return (
    <div className={styles.upload}>
      {looking.kind !== 'found' && unfinished.map(upload => (
        <Notice key={upload.id} tone="warn" title={t('unfinished.title', { when: format.dateTime(new Date(upload.startedAt).toISOString()) })}
          actions={(
            <>
              {upload.handles.length > 0 && <Button variant="primary" size="small" icon="play" onClick={() => void transfer.continue(upload)}>{t('unfinished.continue')}</Button>}
              <Button size="small" onClick={() => void transfer.forget(upload)}>{t('unfinished.forget')}</Button>
            </>
          )}>
          <p>{t('unfinished.text', { count: upload.total, stored: format.number(upload.stored), total: format.number(upload.total) })}{' '}
            {t(upload.handles.length > 0 ? 'unfinished.again' : 'unfinished.drop')}</p>
          {upload.missing.length > 0 && (
            <details className={styles.details}>
              <summary>{t('unfinished.missing', { count: upload.missing.length })}</summary>
              <ul className={styles.paths}>{upload.missing.slice(0, 1000).map(path => <li key={path}><bdi>{path}</bdi></li>)}</ul>
            </details>
          )}
        </Notice>
      ))}
      {isPatientListLost && <Notice tone="warn" title={t('patientsLost.title')}>{t('patientsLost.text')}</Notice>}
      {looking.kind === 'failed' && <Notice tone="bad" title={t('lookFailed.title')} isNews>{t('lookFailed.text')}</Notice>}
      {looking.kind === 'unloaded' && <Notice tone="bad" title={t('unloaded.title')} isNews>{t('unloaded.text')}</Notice>}
      {looking.kind === 'found'
        ? <Found looking={looking} onSend={() => void transfer.send()} onDiscard={() => transfer.discard()} />
        : <DropZone looking={looking} isCompact={queue !== null} onDrop={what => void transfer.look(what)} onCancel={() => transfer.discard()} />}
      {queue !== null && <Sending queue={queue} skipped={skipped} onClear={() => transfer.clear()} />}
    </div>
  );
}
