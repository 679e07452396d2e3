import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ComponentProps } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ApiProblem } from '@/lib/api';
import { useTenant } from '@/lib/session';
import { Button, CheckField, Inset, Notice, Page, Section, SelectField, TextField, useToast } from '@/ui';
import cells from '@/ui/cells.module.css';
import { draftOf, isWrongThreshold, newDraft, toRequest, wrongOf, type Draft, type Model, type Rule, type Threshold, type Wrong } from './draft';
import { DryRun } from './DryRun';
import styles from './Rules.module.css';

interface RuleEditorProps {
  /** Absent where it is a new one. */
  rule: Rule | undefined;
  rules: readonly Rule[];
  models: readonly Model[];
  onClose: () => void;
}

/** Most rules are called as their model. */
const labelOf = ({ name, model, modelVersion }: Rule) => (name === model ? `${name} ${modelVersion}` : `${name} · ${model} ${modelVersion}`);

/** A rule's form, and beside it what the rule would have made of past studies. */
export function RuleEditor({ rule, rules, models, onClose }: RuleEditorProps) {
  const { t } = useTranslation('rules');
  const tenant = useTenant();
  const say = useToast();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>(() => (rule ? draftOf(rule) : newDraft(models.find(model => model.isActive) ?? models[0], models)));
  const [isTold, setIsTold] = useState(false);
  const [tried, setTried] = useState<Draft>();
  const model = models.find(one => one.id === draft.modelId);
  const wrong = wrongOf(draft, model);
  const change = (part: Partial<Draft>) => setDraft(before => ({ ...before, ...part }));
  // A new rule begins with what its model takes; one that stands keeps what was written, and the thresholds where the labels stay the same.
  const chooseModel = (modelId: string) => {
    const next = models.find(one => one.id === modelId);
    const labels = model?.name === next?.name ? next?.thresholds ?? [] : [];
    const thresholds = Object.fromEntries(labels.map(({ label }) => [label, draft.thresholds[label] ?? '']));
    // How a series must have been acquired is the model's: another model's is not kept.
    change(rule ? { modelId, thresholds, ...(model?.name !== next?.name && { acquisition: newDraft(next, models).acquisition }) } : { ...newDraft(next, models), name: draft.name, shadowOf: draft.shadowOf });
  };
  const own = JSON.stringify(rule?.thresholds ?? {}) === JSON.stringify(toRequest(draft).thresholds);
  const errorOf = (field: Exclude<Wrong, 'thresholds'>) => (isTold && wrong.has(field) ? t(`wrong.${field}`) : undefined);
  const text = (field: keyof Draft & Exclude<Wrong, 'thresholds'>): ComponentProps<typeof TextField> => ({
    label: t(`field.${field}` as 'field.name'), value: draft[field], error: errorOf(field), onChange: event => change({ [field]: event.currentTarget.value }),
  });
  const save = useMutation({
    mutationFn: () => (rule
      ? api.put('/t/{tenant}/rules/{id}', { path: { tenant, id: rule.id }, body: toRequest(draft) })
      : api.post('/t/{tenant}/rules', { path: { tenant }, body: toRequest(draft) })),
    onSuccess: async () => {
      await Promise.all([['rules', tenant], ['models', tenant]].map(queryKey => queries.invalidateQueries({ queryKey })));
      say(t('saved', { name: draft.name.trim() }));
      onClose();
    },
  });
  const others = rules.filter(one => one.id !== rule?.id);
  const isTried = tried === draft;
  const submit = () => {
    setIsTold(true);
    if (wrong.size === 0) {
      save.mutate();
    }
  };
  return (
    <Page title={rule ? t('edit', { name: rule.name }) : t('add')} actions={<Button icon="back" onClick={onClose}>{t('back')}</Button>}>
      <div className={styles.editor}>
        <Section title={t('form')} text={t('formText')}>
          <form noValidate onSubmit={event => {
            event.preventDefault();
            submit();
          }}>
            <Inset>
              <TextField {...text('name')} maxLength={100} autoComplete="off" />
              <SelectField label={t('field.modelId')} value={draft.modelId} error={errorOf('modelId')} onChange={event => chooseModel(event.currentTarget.value)}>
                {models.map(model => <option key={model.id} value={model.id}>{`${model.text.title ?? model.name} ${model.version}${model.isActive ? '' : ` (${t('state.off')})`}`}</option>)}
              </SelectField>
              <TextField {...text('modalities')} hint={t('hint.modalities')} autoComplete="off" />
              <TextField label={t('field.bodyParts')} value={draft.bodyParts} hint={t('hint.bodyParts')} autoComplete="off" onChange={event => change({ bodyParts: event.currentTarget.value })} />
              <CheckField label={t('field.bodyPartUnknown')} checked={!draft.bodyPartRequired} onChange={event => change({ bodyPartRequired: !event.currentTarget.checked })} />
              <div className={styles.pair}>
                <TextField {...text('minSlices')} inputMode="numeric" />
                <TextField {...text('provisionalAt')} inputMode="numeric" hint={t('hint.provisionalAt')} />
              </div>
              <div className={styles.pair}>
                <SelectField label={t('field.lane')} value={draft.lane} onChange={event => change({ lane: event.currentTarget.value === 'Stat' ? 'Stat' : 'Routine' })}>
                  <option value="Routine">{t('lane.Routine')}</option>
                  <option value="Stat">{t('lane.Stat')}</option>
                </SelectField>
                <TextField {...text('deadlineMinutes')} inputMode="numeric" hint={t('hint.deadlineMinutes')} />
              </div>
              <SelectField label={t('field.shadowOf')} hint={t('hint.shadowOf')} value={draft.shadowOf} onChange={event => change({ shadowOf: event.currentTarget.value })}>
                <option value="">{t('noShadow')}</option>
                {others.filter(one => one.shadowOf === null).map(one => <option key={one.id} value={one.id}>{labelOf(one)}</option>)}
              </SelectField>
              {others.some(one => one.shadowOf === null) && (
                <fieldset className={styles.needs}>
                  <legend>{t('field.dependsOn')}</legend>
                  {others.filter(one => one.shadowOf === null).map(one => (
                    <CheckField key={one.id} label={labelOf(one)} checked={draft.dependsOn.includes(one.id)}
                      onChange={event => change({ dependsOn: event.currentTarget.checked ? [...draft.dependsOn, one.id] : draft.dependsOn.filter(id => id !== one.id) })} />
                  ))}
                </fieldset>
              )}
              {model !== undefined && model.thresholds.length > 0 && (
                <Thresholds of={model.thresholds} typed={draft.thresholds} isTold={isTold} onChange={(label, from) => change({ thresholds: { ...draft.thresholds, [label]: from } })} />
              )}
              <CheckField label={t('field.isActive')} checked={draft.isActive} onChange={event => change({ isActive: event.currentTarget.checked })} />
              {save.isError && (
                <Notice tone="bad" isNews title={t('notSaved')}>
                  {save.error instanceof ApiProblem && save.error.detail !== '' ? <span lang="en">{save.error.detail}</span> : t('failed')}
                </Notice>
              )}
              <div className={styles.formButtons}>
                <Button type="submit" variant={isTried ? 'primary' : 'secondary'} busy={save.isPending}>{t('save')}</Button>
                <Button variant="quiet" onClick={onClose}>{t('cancel')}</Button>
              </div>
            </Inset>
          </form>
        </Section>
        <DryRun tenant={tenant} ruleId={rule?.id} draft={draft} isFresh={isTried} isWrong={wrong.size > 0} note={own ? undefined : t('threshold.effect')} onWrong={() => setIsTold(true)} onTried={setTried} />
      </div>
    </Page>
  );
}

interface ThresholdsProps {
  of: readonly Threshold[];
  typed: Draft['thresholds'];
  isTold: boolean;
  onChange: (label: number, from: string) => void;
}

/** From which probability on each of the model's labels is reported here; an empty field takes the package's own. */
function Thresholds({ of, typed, isTold, onChange }: ThresholdsProps) {
  const { t } = useTranslation('rules');
  return (
    <fieldset className={styles.needs}>
      <legend>{t('threshold.title')}</legend>
      <p className={cells.soft}>{t('threshold.text')}</p>
      {of.map(threshold => {
        const { label, name, concept } = threshold;
        const text = typed[label] ?? '';
        const called = name === concept.meaning ? name : `${concept.meaning} (${name})`;
        const isWrong = isWrongThreshold(text, threshold);
        return (
          <div key={label} className={styles.threshold}>
            <TextField label={called} value={text} placeholder={String(threshold.default)} inputMode="decimal" autoComplete="off"
              hint={t('threshold.own', { from: threshold.default })}
              error={isWrong && (isTold || !/^0?[.,]?0*$/.test(text)) ? t('threshold.wrong', { above: threshold.above, below: threshold.below }) : undefined}
              onChange={event => onChange(label, event.currentTarget.value)} />
            {text !== '' && <Button size="small" variant="quiet" icon="retry" aria-label={t('threshold.resetOf', { name: called })} onClick={() => onChange(label, '')}>{t('threshold.reset')}</Button>}
          </div>
        );
      })}
    </fieldset>
  );
}
