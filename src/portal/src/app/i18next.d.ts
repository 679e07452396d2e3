import type app from './en.json';
import type models from '@/features/models/en.json';
import type operations from '@/features/operations/en.json';
import type operator from '@/features/operator/en.json';
import type patients from '@/features/patients/en.json';
import type rules from '@/features/rules/en.json';
import type session from '@/features/session/en.json';
import type studies from '@/features/studies/en.json';
import type study from '@/features/study/en.json';
import type upload from '@/features/upload/en.json';
import type ui from '@/ui/en.json';

// A key that no English file has is a compile error; npm run check holds the other languages to the same keys.
declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: false;
    resources: {
      app: typeof app;
      models: typeof models;
      operations: typeof operations;
      operator: typeof operator;
      patients: typeof patients;
      rules: typeof rules;
      session: typeof session;
      studies: typeof studies;
      study: typeof study;
      ui: typeof ui;
      upload: typeof upload;
    };
  }
}
