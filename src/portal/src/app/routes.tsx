import { lazy, Suspense, type ComponentType } from 'react';
import { Navigate, Outlet, Route, Routes } from 'react-router';
import { needTexts } from '@/lib/i18n';
import { operatorPath } from '@/lib/session';
import { Frame, OperatorFrame } from './Frame';
import { Home, Starting } from './Home';
import { NothingHere } from './NothingHere';

/** A page is a file of its own, fetched with its texts when it is opened. */
function page(namespace: string, load: () => Promise<{ default: ComponentType }>) {
  return lazy(async () => (await Promise.all([load(), needTexts(namespace)]))[0]);
}

const SignInPage = page('session', () => import('@/features/session/SignInPage'));
const StudiesPage = page('studies', () => import('@/features/studies/StudiesPage'));
const StudyPage = page('study', () => import('@/features/study/StudyPage'));
const UploadPage = page('upload', () => import('@/features/upload/UploadPage'));
const OperationsPage = page('operations', () => import('@/features/operations/OperationsPage'));
const ModelsPage = page('models', () => import('@/features/models/ModelsPage'));
const RulesPage = page('rules', () => import('@/features/rules/RulesPage'));
const PackagesPage = page('operator', () => import('@/features/operator/PackagesPage'));
const WorkPage = page('operator', () => import('@/features/operator/WorkPage'));
const PatientsPage = page('patients', () => import('@/features/patients/PatientsPage'));

export function Pages() {
  return (
    <Routes>
      <Route element={<Suspense fallback={<Starting />}><Outlet /></Suspense>}>
        <Route index element={<Home />} />
        <Route path="sign-in" element={<SignInPage />} />
        <Route path={operatorPath} element={<OperatorFrame />}>
          <Route index element={<Navigate to="packages" replace />} />
          <Route path="packages" element={<PackagesPage />} />
          <Route path="work" element={<WorkPage />} />
          <Route path="*" element={<NothingHere />} />
        </Route>
        <Route path=":tenant" element={<Frame />}>
          <Route index element={<Home />} />
          <Route path="studies" element={<StudiesPage />} />
          <Route path="studies/:studyInstanceUid" element={<StudyPage />} />
          <Route path="upload" element={<UploadPage />} />
          <Route path="patients" element={<PatientsPage />} />
          <Route path="models" element={<ModelsPage />} />
          <Route path="rules" element={<RulesPage />} />
          <Route path="operations" element={<OperationsPage />} />
          <Route path="*" element={<NothingHere />} />
        </Route>
      </Route>
    </Routes>
  );
}
