import type { Tone } from '@/ui';
import type { Study } from './useStudies';

type State = 'pending' | 'waiting' | 'running' | 'failed' | 'cancelled' | 'findings' | 'nothing' | 'none';

export interface AiState {
  state: State;
  tone: Tone;
}

const reasons = ['no-images', 'modality', 'body-part', 'body-part-unknown', 'acquisition', 'too-few-slices', 'input-series', 'prior-missing', 'no-rules'] as const;

/** The reasons that have a text of their own; another one is shown in the API's words. */
export type NoAiReason = (typeof reasons)[number];

export const isKnownReason = (code: string | null): code is NoAiReason => reasons.some(reason => reason === code);

/** What AI made of a study: the least settled of its runs speaks for all of them. */
export function aiStateOf(study: Pick<Study, 'status' | 'runs' | 'findings' | 'noAiCode'>): AiState {
  const has = (...statuses: Study['runs']) => study.runs.some(run => statuses.includes(run));
  if (has('Running')) {
    return { state: 'running', tone: 'busy' };
  }
  if (has('Waiting', 'Queued', 'Dispatched')) {
    return { state: 'waiting', tone: 'busy' };
  }
  if (has('Failed', 'Quarantined')) {
    return { state: 'failed', tone: 'bad' };
  }
  if (has('Succeeded')) {
    return study.findings > 0 ? { state: 'findings', tone: 'accent' } : { state: 'nothing', tone: 'good' };
  }
  if (has('Cancelled')) {
    return { state: 'cancelled', tone: 'neutral' };
  }
  return study.noAiCode === null ? { state: 'pending', tone: 'neutral' } : { state: 'none', tone: 'neutral' };
}
