import { useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useFormat } from '@/lib/format';
import { displayName } from '@/lib/patients';
import { useTenant } from '@/lib/session';
import { useNow } from '@/lib/useNow';
import type { UploadItem, UploadQueue, UploadSnapshot, UploadStudy } from '@/lib/upload/queue';
import type { SkippedFile } from '@/lib/upload/scan';
import { Badge, Button, Icon, LinkButton, Notice, Panel, Progress } from '@/ui';
import { Skipped } from './Found';
import styles from './Upload.module.css';

interface SendingProps {
  queue: UploadQueue;
  skipped: readonly SkippedFile[];
  onClear: () => void;
}

/** How far the upload is: the whole, each study, what failed and what to do, each instance. */
export function Sending({ queue, skipped, onClear }: SendingProps) {
  const { t } = useTranslation('upload');
  const format = useFormat();
  const now = useSyncExternalStore(queue.subscribe, queue.snapshot);
  const share = now.totalBytes === 0 ? 0 : now.sentBytes / now.totalBytes;
  const tone = now.state === 'done' ? (now.refused > 0 ? 'bad' : 'good') : 'accent';
  const failed = now.items.filter(item => item.state === 'refused');
  return (
    <>
      <Panel label={t('sending.label')}>
        <div className={styles.total} data-state={now.state}>
          <div className={styles.totalHead}>
            <div role="status"><h2>{t(`state.${now.state === 'done' && now.refused > 0 ? 'doneWithFailures' : now.state}`)}</h2></div>
            <div className={styles.totalActions}>
              {now.state === 'sending' || now.state === 'retrying'
                ? <Button size="small" icon="pause" onClick={() => queue.pause()}>{t('pause')}</Button> : null}
              {now.state === 'paused' && <Button size="small" variant="primary" icon="play" onClick={() => queue.resume()}>{t('resume')}</Button>}
              {now.state === 'done' && <Button size="small" onClick={onClear}>{t('clear')}</Button>}
            </div>
          </div>
          <Progress value={share} tone={tone} label={t('sending.progress')} />
          <p className={styles.numbers}>
            <strong>{t('sending.stored', { stored: format.number(now.stored), total: format.number(now.items.length), count: now.items.length })}</strong>
            <span>{t('sending.bytes', { sent: format.bytes(now.sentBytes), total: format.bytes(now.totalBytes) })}</span>
            {now.state === 'sending' && now.bytesPerSecond !== null && <span>{t('sending.speed', { speed: format.bytes(now.bytesPerSecond) })}</span>}
            {now.state === 'sending' && now.secondsLeft !== null && share < 1 && <span>{t('sending.left', { time: format.duration(now.secondsLeft) })}</span>}
          </p>
        </div>
        <Trouble now={now} queue={queue} />
        <ul className={styles.studies}>
          {now.studies.map(study => <StudyRow key={study.uid} study={study} />)}
        </ul>
      </Panel>
      {failed.length > 0 && <Failures items={failed} queue={queue} />}
      <Skipped files={skipped} />
      <Instances items={now.items} />
    </>
  );
}

function Trouble({ now, queue }: { now: UploadSnapshot; queue: UploadQueue }) {
  const { t } = useTranslation('upload');
  const format = useFormat();
  const clock = useNow(1000);
  if (now.trouble === null) {
    return null;
  }
  const seconds = now.retryAt === null ? null : Math.max(0, (now.retryAt - clock) / 1000);
  return (
    <div className={styles.trouble}>
      <Notice tone={now.retryAt === null ? 'bad' : 'warn'} title={t(`trouble.${now.trouble}.title`)} isNews
        actions={now.trouble === 'signed-out'
          ? <LinkButton size="small" variant="primary" to={`/sign-in?to=${encodeURIComponent(location.pathname.replace(/^\/portal/, ''))}`}>{t('signIn')}</LinkButton>
          : <Button size="small" icon="refresh" onClick={() => queue.tryNow()}>{t('tryNow')}</Button>}>
        {t(`trouble.${now.trouble}.text`)} {seconds !== null && <span aria-live="off">{t('trouble.next', { time: format.duration(Math.ceil(seconds)) })}</span>}
      </Notice>
    </div>
  );
}

function StudyRow({ study }: { study: UploadStudy }) {
  const { t } = useTranslation('upload');
  const format = useFormat();
  const tenant = useTenant();
  const header = study.items[0]?.instance.header;
  const name = [displayName(header?.patientName ?? ''), header?.patientId].find(Boolean) ?? t('found.noName');
  const modalities = [...new Set(study.items.map(item => item.instance.header.modality))].join(', ');
  const share = (study.stored + study.refused) / study.items.length;
  return (
    <li className={styles.study}>
      <div className={styles.studyName}>
        <strong><bdi>{name}</bdi></strong>
        <span className={styles.soft}><bdi>{[modalities, header?.studyDescription, header && format.dicomDate(header.studyDate)].filter(Boolean).join(' · ')}</bdi></span>
      </div>
      <div className={styles.studyProgress}>
        <Progress value={share} tone={study.refused > 0 ? 'bad' : study.isComplete ? 'good' : 'accent'} label={t('sending.studyProgress', { name })} />
        <span className={styles.soft}>{t('sending.of', { stored: format.number(study.stored), total: format.number(study.items.length) })}</span>
      </div>
      <div className={styles.studyEnd}>
        {study.isComplete && study.stored > 0
          ? <Badge tone={study.refused > 0 ? 'warn' : 'good'}>{t(study.refused > 0 ? 'study.withFailures' : 'study.complete')}</Badge>
          : study.isComplete ? <Badge tone="bad">{t('study.nothing')}</Badge> : <Badge tone="busy">{t('study.sending')}</Badge>}
        {study.known !== null && <Link to={`/${tenant}/studies/${study.known.studyInstanceUid}`}>{t('study.open')}</Link>}
      </div>
    </li>
  );
}

/** What was refused, by why, each with what to do about it. */
function Failures({ items, queue }: { items: readonly UploadItem[]; queue: UploadQueue }) {
  const { t } = useTranslation('upload');
  const format = useFormat();
  const reasons = [...new Set(items.map(item => item.refusal?.reason ?? 'processing'))];
  return (
    <Panel label={t('failures.label')}>
      <div className={styles.foundHead}>
        <h2>{t('failures.title', { count: items.length, n: format.number(items.length) })}</h2>
        <div className={styles.foundActions}><Button size="small" icon="retry" onClick={() => queue.retry()}>{t('failures.retryAll')}</Button></div>
      </div>
      <ul className={styles.failures}>
        {reasons.map(reason => {
          const some = items.filter(item => (item.refusal?.reason ?? 'processing') === reason);
          return (
            <li key={reason}>
              <h3><Icon name="error" size={16} /> {t(`reason.${reason}.what`)}</h3>
              <p>{t(`reason.${reason}.do`)}</p>
              <ul className={styles.failed}>
                {some.slice(0, 200).map(item => (
                  <li key={item.id}>
                    <bdi className={styles.path}>{item.instance.file.path}</bdi>
                    {item.refusal?.comment && <span className={styles.soft} lang="en">{item.refusal.comment}</span>}
                    <Button size="small" variant="quiet" icon="retry" aria-label={t('failures.retryOne', { file: item.instance.file.path })}
                      onClick={() => queue.retry(item)}>{t('failures.retry')}</Button>
                  </li>
                ))}
              </ul>
              {some.length > 200 && <p className={styles.soft}>{t('failures.more', { n: format.number(some.length - 200) })}</p>}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

const rowHeight = 28;
const shownRows = 14;

/** Every instance in its order, one line each; only the lines in view are in the page. */
function Instances({ items }: { items: readonly UploadItem[] }) {
  const { t } = useTranslation('upload');
  const format = useFormat();
  const [top, setTop] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const first = Math.max(0, Math.floor(top / rowHeight) - 4);
  const shown = items.slice(first, first + shownRows + 8);
  return (
    <Panel label={t('instances.label')}>
      <div className={styles.foundHead}><h2>{t('instances.label')}</h2></div>
      <div ref={list} className={styles.list} tabIndex={0} role="group" aria-label={t('instances.label')}
        style={{ maxBlockSize: rowHeight * shownRows }} onScroll={event => setTop(event.currentTarget.scrollTop)}>
        <ol style={{ blockSize: items.length * rowHeight, paddingBlockStart: first * rowHeight }}>
          {shown.map(item => (
            <li key={item.id} className={styles.item} data-state={item.state} style={{ blockSize: rowHeight }}
              aria-setsize={items.length} aria-posinset={item.id + 1}>
              <Icon name={item.state === 'stored' ? 'good' : item.state === 'refused' ? 'error' : 'image'} size={15} />
              <bdi className={styles.path}>{item.instance.file.path}</bdi>
              <span className={styles.soft}>{item.instance.header.modality}</span>
              <span className={styles.size}>{format.bytes(item.instance.file.size)}</span>
              <span className={styles.itemState}>
                {item.state === 'sending' && item.sent > 0
                  ? format.percent(item.sent / item.instance.file.size)
                  : t(item.wasStored ? 'item.wasStored' : `item.${item.state}`)}
              </span>
            </li>
          ))}
        </ol>
      </div>
    </Panel>
  );
}
