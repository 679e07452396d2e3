import { ApiProblem } from '@/lib/api';
import { ErrorState } from '@/ui';

export function NothingHere() {
  return <ErrorState error={new ApiProblem(404, 'Not Found', '')} />;
}
