import { expect, test } from 'vitest';
import { aiStateOf } from './aiState';
import type { Study } from './useStudies';

test.each<[Study['runs'], number, string | null, string]>([
  [[], 0, null, 'pending'],
  [[], 0, 'modality', 'none'],
  [['Queued'], 0, null, 'waiting'],
  [['Succeeded', 'Running'], 2, null, 'running'],
  [['Succeeded', 'Failed'], 2, null, 'failed'],
  [['Succeeded', 'Cancelled'], 2, null, 'findings'],
  [['Succeeded'], 0, null, 'nothing'],
  [['Cancelled'], 0, null, 'cancelled'],
])('runs %j with %d findings and reason %s are %s', (runs, findings, noAiCode, state) =>
  expect(aiStateOf({ status: 'Complete', runs, findings, noAiCode }).state).toBe(state));
