import type app from './en.json';
import type operations from '@/features/operations/en.json';
import type patients from '@/features/patients/en.json';
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
      operations: typeof operations;
      patients: typeof patients;
      session: typeof session;
      studies: typeof studies;
      study: typeof study;
      ui: typeof ui;
      upload: typeof upload;
    };
  }
}
