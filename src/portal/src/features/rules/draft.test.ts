import { describe, expect, it } from 'vitest';
import { draftOf, isWrongThreshold, newDraft, requestOf, toRequest, wrongOf, type Model, type Rule } from './draft';

const rule: Rule = {
  id: '1', name: 'X-rays', modelId: '2', model: 'chest-xray-pneumonia', modelVersion: '1.0.0', isModelActive: true, isActive: true, lane: 'Stat', deadlineMinutes: 30,
  conditions: { modality: 'DX', modalities: ['CR'], bodyParts: ['CHEST'], bodyPartRequired: true, minSlices: 1, acquisition: null }, dependsOn: ['3'], shadowOf: null, provisionalAt: null, thresholds: { 1: 0.7 },
};

describe('a rule in its form', () => {
  it('goes back as it came', () => {
    const { name, modelId, lane, deadlineMinutes, conditions, dependsOn, shadowOf, provisionalAt, isActive, thresholds } = rule;
    expect(requestOf(rule)).toEqual({ name, modelId, lane, deadlineMinutes, conditions, dependsOn, shadowOf, provisionalAt, isActive, thresholds });
  });

  it('keeps how the series must have been acquired', () => {
    const acquisition = { words: null, withoutWords: null, scanningSequences: null, echoTimeMs: [60, 300], repetitionTimeMs: null, inversionTimeMs: null, contrast: null };
    expect(requestOf({ ...rule, conditions: { ...rule.conditions, acquisition } }).conditions.acquisition).toEqual(acquisition);
  });

  it('reads lists as people write them', () => {
    const { conditions } = toRequest({ ...draftOf(rule), modalities: 'ct，mr', bodyParts: ' chest、 lung ' });
    expect([conditions.modality, conditions.modalities, conditions.bodyParts]).toEqual(['CT', ['MR'], ['CHEST', 'LUNG']]);
  });

  it('says what is wrong before it is sent', () => {
    expect([...wrongOf(draftOf(rule), undefined)]).toEqual([]);
    expect([...wrongOf(newDraft(undefined, []), undefined)]).toEqual(['name', 'modelId', 'modalities']);
    expect([...wrongOf({ ...draftOf(rule), minSlices: '1.5', deadlineMinutes: '0', provisionalAt: '-3', modalities: '7T' }, undefined)])
      .toEqual(['modalities', 'minSlices', 'deadlineMinutes', 'provisionalAt']);
  });

  it('takes the package\'s own threshold where none is typed, and keeps to the range that the package allows', () => {
    const range = { above: 0, below: 1 };
    expect(['', ' ', '0.7', '0,35'].filter(text => isWrongThreshold(text, range))).toEqual([]);
    expect(['0', '1', '70', '-0.1', 'much', '0.7.1'].filter(text => !isWrongThreshold(text, range))).toEqual([]);
    expect(toRequest({ ...draftOf(rule), thresholds: { 1: '', 2: '0,35' } }).thresholds).toEqual({ 2: 0.35 });
    const model = { thresholds: [{ label: 1, name: 'Pneumonia', concept: { value: '233604007', scheme: 'SCT', meaning: 'Pneumonia' }, default: 0.5, ...range }] } as unknown as Model;
    expect([...wrongOf(draftOf(rule), model)]).toEqual([]);
    expect([...wrongOf({ ...draftOf(rule), thresholds: { 1: '70' } }, model)]).toEqual(['thresholds']);
  });
});
