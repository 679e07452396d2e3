import { queryOptions, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { api, type Schemas } from './api';

export type Session = Schemas['GetSessionResponse'];
export type Role = Schemas['Role'];

/** What a person may do in a tenant; which roles may is the API's decision (Policies.cs), this only hides what would be refused. */
export type Ability = 'readStudies' | 'storeStudies' | 'startRuns' | 'lookAtHeldPixels' | 'manageModels' | 'manageTenant';

const roles: Record<Ability, Role[]> = {
  readStudies: ['TenantAdministrator', 'Uploader', 'Specialist', 'Viewer', 'Gateway'],
  storeStudies: ['TenantAdministrator', 'Uploader', 'Gateway'],
  startRuns: ['TenantAdministrator', 'Uploader', 'Specialist'],
  lookAtHeldPixels: ['TenantAdministrator'],
  manageModels: ['TenantAdministrator'],
  manageTenant: ['TenantAdministrator'],
};

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => api.get('/session', { signal }),
  staleTime: Infinity,
});

/** Who is signed in; only inside the frame, which has read it. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}

export function useSessionQuery() {
  return useQuery(sessionQuery);
}

/** Where the pages of who runs the platform stand: no tenant's slug has an underscore. */
export const operatorPath = '_platform';

/** Whether the person runs the platform itself; such a person need not belong to any tenant. */
export function useIsOperator(): boolean {
  return useSession().isPlatformOperator;
}

/** The tenant of the address. */
export function useTenant(): string {
  const { tenant } = useParams();
  if (tenant === undefined) {
    throw new Error('This page stands outside a tenant.');
  }
  return tenant;
}

/** Whether the person may do this in the tenant of the address. */
export function useCan(ability: Ability): boolean {
  const tenant = useTenant();
  const held = useSession().tenants.find(t => t.slug === tenant)?.roles ?? [];
  return held.some(role => roles[ability].includes(role));
}
