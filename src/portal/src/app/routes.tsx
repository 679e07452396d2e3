import { createBrowserRouter } from 'react-router';
import { Crash } from './Crash';
import { Frame } from './Frame';
import { Home, Root, Starting } from './Root';

/** Every page is a file of its own, fetched when it is opened. */
export const routes = createBrowserRouter(
  [
    {
      Component: Root,
      ErrorBoundary: Crash,
      HydrateFallback: Starting,
      children: [
        { path: 'sign-in', lazy: { Component: async () => (await import('@/features/session/SignInPage')).SignInPage } },
        { index: true, Component: Home },
        {
          path: ':tenant',
          Component: Frame,
          children: [
            { index: true, Component: Home },
            { path: 'studies', lazy: { Component: async () => (await import('@/features/studies/StudiesPage')).StudiesPage } },
            { path: 'studies/:studyInstanceUid', lazy: { Component: async () => (await import('@/features/study/StudyPage')).StudyPage } },
            { path: 'upload', lazy: { Component: async () => (await import('@/features/upload/UploadPage')).UploadPage } },
            { path: 'patients', lazy: { Component: async () => (await import('@/features/patients/PatientsPage')).PatientsPage } },
            { path: '*', lazy: { Component: async () => (await import('./NothingHere')).NothingHere } },
          ],
        },
      ],
    },
  ],
  { basename: '/portal' },
);
