import { useRouteError } from 'react-router';
import { ErrorState } from '@/ui';

/** What a defect of the portal itself leaves: a page that says so, and the way back. */
export function Crash() {
  return <ErrorState error={useRouteError()} onRetry={() => location.reload()} />;
}
