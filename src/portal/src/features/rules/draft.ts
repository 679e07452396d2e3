import type { Schemas } from '@/lib/api';

export type Rule = Schemas['RuleAnswer'];
export type Model = Schemas['ListModelsItem'];
export type Threshold = Schemas['ListModelsThresholdItem'];
type Request = Schemas['RuleDraftRequest'];

/** A rule as its form holds it: what is typed stays text until it is sent. */
export interface Draft {
  name: string;
  modelId: string;
  lane: Schemas['Lane'];
  deadlineMinutes: string;
  /** Separated by commas; the first is the rule's own. */
  modalities: string;
  bodyParts: string;
  bodyPartRequired: boolean;
  minSlices: string;
  /** How the series must have been acquired; it stays as it is. */
  acquisition: Schemas['ModelInput']['acquisition'];
  dependsOn: readonly string[];
  shadowOf: string;
  provisionalAt: string;
  isActive: boolean;
  /** The site's own, by label of the model; none, or an empty one, takes the package's. */
  thresholds: Readonly<Record<string, string>>;
}

const listed = (text: string) => text.split(/[,，、;\s]+/).map(part => part.trim().toUpperCase()).filter(Boolean);
const numberOf = (text: string) => (text.trim() === '' ? null : Number(text));
const decimalOf = (text: string) => numberOf(text.replace(',', '.'));

export function draftOf(rule: Rule): Draft {
  const { conditions } = rule;
  return {
    name: rule.name,
    modelId: rule.modelId,
    lane: rule.lane,
    deadlineMinutes: rule.deadlineMinutes?.toString() ?? '',
    modalities: [conditions.modality, ...conditions.modalities ?? []].join(', '),
    bodyParts: (conditions.bodyParts ?? []).join(', '),
    bodyPartRequired: conditions.bodyPartRequired,
    minSlices: String(conditions.minSlices),
    acquisition: conditions.acquisition,
    dependsOn: rule.dependsOn,
    shadowOf: rule.shadowOf ?? '',
    provisionalAt: rule.provisionalAt?.toString() ?? '',
    isActive: rule.isActive,
    thresholds: Object.fromEntries(Object.entries(rule.thresholds).map(([label, from]) => [label, String(from)])),
  };
}

/** A new rule for a model begins with what the rules of its versions take. */
export function newDraft(model: Model | undefined, models: readonly Model[]): Draft {
  const conditions = [...model?.rules ?? [], ...models.filter(one => one.name === model?.name).flatMap(one => one.rules)][0]?.conditions;
  return {
    name: '', modelId: model?.id ?? '', lane: 'Routine', deadlineMinutes: '',
    modalities: [conditions?.modality ?? '', ...conditions?.modalities ?? []].filter(Boolean).join(', '),
    bodyParts: (conditions?.bodyParts ?? []).join(', '),
    bodyPartRequired: conditions?.bodyPartRequired ?? false,
    minSlices: String(conditions?.minSlices ?? 0),
    acquisition: conditions?.acquisition,
    dependsOn: [], shadowOf: '', provisionalAt: '', isActive: true, thresholds: {},
  };
}

export function requestOf(rule: Rule): Request {
  return toRequest(draftOf(rule));
}

export function toRequest(draft: Draft): Request {
  const [modality = '', ...modalities] = listed(draft.modalities);
  return {
    name: draft.name.trim(),
    modelId: draft.modelId,
    lane: draft.lane,
    deadlineMinutes: numberOf(draft.deadlineMinutes),
    conditions: {
      modality, modalities, bodyParts: listed(draft.bodyParts), bodyPartRequired: draft.bodyPartRequired, minSlices: numberOf(draft.minSlices) ?? 0,
      acquisition: draft.acquisition ?? null,
    },
    dependsOn: [...draft.dependsOn],
    shadowOf: draft.shadowOf === '' ? null : draft.shadowOf,
    provisionalAt: numberOf(draft.provisionalAt),
    isActive: draft.isActive,
    thresholds: Object.fromEntries(Object.entries(draft.thresholds).flatMap(([label, text]) => {
      const from = decimalOf(text);
      return from === null ? [] : [[label, from]];
    })),
  };
}

export type Wrong = 'name' | 'modelId' | 'modalities' | 'minSlices' | 'deadlineMinutes' | 'provisionalAt' | 'thresholds';

const isWhole = (text: string, from: number, to: number, mayBeEmpty: boolean) =>
  (text.trim() === '' ? mayBeEmpty : /^\d+$/.test(text.trim()) && Number(text) >= from && Number(text) <= to);

/** Whether the API would refuse what is typed for a threshold. */
export function isWrongThreshold(text: string, { above, below }: Pick<Threshold, 'above' | 'below'>): boolean {
  const from = decimalOf(text);
  return from !== null && !(from > above && from < below);
}

/** The fields that the API would refuse for this model. */
export function wrongOf(draft: Draft, model: Model | undefined): ReadonlySet<Wrong> {
  const modalities = listed(draft.modalities);
  const checks: [Wrong, boolean][] = [
    ['name', draft.name.trim().length > 0 && draft.name.trim().length <= 100],
    ['modelId', draft.modelId !== ''],
    ['modalities', modalities.length > 0 && modalities.every(one => /^[A-Z][A-Z0-9_]{0,15}$/.test(one))],
    ['minSlices', isWhole(draft.minSlices, 0, 100_000, true)],
    ['deadlineMinutes', isWhole(draft.deadlineMinutes, 1, 7 * 24 * 60, true)],
    ['provisionalAt', isWhole(draft.provisionalAt, 1, 100_000, true)],
    ['thresholds', !(model?.thresholds ?? []).some(one => isWrongThreshold(draft.thresholds[one.label] ?? '', one))],
  ];
  return new Set(checks.filter(([, isRight]) => !isRight).map(([field]) => field));
}
