import { lazy, Suspense } from 'react';
import { Outlet, Route, Routes } from 'react-router';
import { Frame } from './Frame';
import { Home, Starting } from './Home';
import { NothingHere } from './NothingHere';

// Every page is a file of its own, fetched when it is opened.
const SignInPage = lazy(() => import('@/features/session/SignInPage'));
const StudiesPage = lazy(() => import('@/features/studies/StudiesPage'));
const StudyPage = lazy(() => import('@/features/study/StudyPage'));
const UploadPage = lazy(() => import('@/features/upload/UploadPage'));
const PatientsPage = lazy(() => import('@/features/patients/PatientsPage'));

export function Pages() {
  return (
    <Routes>
      <Route element={<Suspense fallback={<Starting />}><Outlet /></Suspense>}>
        <Route index element={<Home />} />
        <Route path="sign-in" element={<SignInPage />} />
        <Route path=":tenant" element={<Frame />}>
          <Route index element={<Home />} />
          <Route path="studies" element={<StudiesPage />} />
          <Route path="studies/:studyInstanceUid" element={<StudyPage />} />
          <Route path="upload" element={<UploadPage />} />
          <Route path="patients" element={<PatientsPage />} />
          <Route path="*" element={<NothingHere />} />
        </Route>
      </Route>
    </Routes>
  );
}
