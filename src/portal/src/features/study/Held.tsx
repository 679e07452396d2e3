import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ApiProblem } from '@/lib/api';
import { useFormat } from '@/lib/format';
import { useCan, useTenant } from '@/lib/session';
import { Button, Dialog, Notice } from '@/ui';
import type { Study } from './preview';
import styles from './Study.module.css';
import { suspicionOf } from './words';

/** Images may show who the patient is, and no administrator has looked at them yet. */
export const isHeld = (study: Study) => study.pixels !== null && study.pixels.releasedAt === null;

/** Why a study is held, and what to do: an administrator looks and releases, others ask for it. */
export function Held({ study }: { study: Study }) {
  const { t } = useTranslation('study');
  const format = useFormat();
  const canLook = useCan('lookAtHeldPixels');
  const pixels = study.pixels;
  if (pixels === null) {
    return null;
  }
  return (
    <Notice tone="warn" title={t('held.title')} actions={canLook && <Release study={study} images={pixels.images} />}>
      <p>{t('held.why', { count: pixels.images, n: format.number(pixels.images) })}</p>
      <ul className={styles.why}>
        {pixels.suspicions.map(({ code, images }) => <li key={code}>{suspicionOf(t, code)} ({t('head.images', { count: images, n: format.number(images) })})</li>)}
      </ul>
      <p>{t(canLook ? 'held.look' : 'held.ask')}</p>
    </Notice>
  );
}

function Release({ study, images }: { study: Study; images: number }) {
  const { t } = useTranslation('study');
  const format = useFormat();
  const tenant = useTenant();
  const queries = useQueryClient();
  // What was asked about is what is released, however many come meanwhile.
  const [asked, setAsked] = useState<number | null>(null);
  const release = useMutation({
    mutationFn: (seen: number) => api.post('/t/{tenant}/studies/{uid}/release-pixels', { path: { tenant, uid: study.studyInstanceUid }, body: { images: seen } }),
    onSuccess: () => setAsked(null),
    onSettled: () => queries.invalidateQueries({ queryKey: ['study', tenant] }),
  });
  const close = () => {
    setAsked(null);
    release.reset();
  };
  return (
    <>
      <Button icon="check" onClick={() => setAsked(images)}>{t('held.release')}</Button>
      {asked !== null && (
        <Dialog title={t('held.confirm.title')} onClose={close} actions={(
          <>
            <Button onClick={close}>{t('held.confirm.cancel')}</Button>
            <Button variant="primary" busy={release.isPending} disabled={release.isError} onClick={() => release.mutate(asked)}>{t('held.confirm.release')}</Button>
          </>
        )}>
          <p>{t('held.confirm.text', { count: asked, n: format.number(asked) })}</p>
          {release.isError && (
            <Notice tone="bad" isNews>{t(release.error instanceof ApiProblem && release.error.status === 409 ? 'held.confirm.more' : 'held.confirm.failed')}</Notice>
          )}
        </Dialog>
      )}
    </>
  );
}
