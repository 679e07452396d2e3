import { keepPreviousData, useInfiniteQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api, type Schemas } from '@/lib/api';
import { useChanges, useIsLive } from '@/lib/events';

export type Study = Schemas['ListStudiesItem'];

/** Where a study stands, or that its images are held. */
export type StudyFilter = Schemas['StudyStatus'] | 'Held';

const pageSize = 50;
const pollMs = 10_000;
const gatherMs = 400;

/** The tenant's studies, newest first, page by page; brought up to date by its events, or every ten seconds where they don't come. */
export function useStudies(tenant: string, status: StudyFilter | undefined) {
  const queries = useQueryClient();
  const isLive = useIsLive(tenant);
  const key = ['studies', tenant];
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => () => {
    clearTimeout(waiting.current);
    waiting.current = undefined;
  }, []);

  // A study's hundred instances arrive as a hundred changes: read once for those of a moment.
  useChanges(tenant, change => {
    if (change.kind !== 'preview') {
      waiting.current ??= setTimeout(() => {
        waiting.current = undefined;
        void queries.invalidateQueries({ queryKey: key });
      }, gatherMs);
    }
  });

  return useInfiniteQuery({
    queryKey: [...key, status ?? 'all'],
    queryFn: ({ pageParam, signal }) => api.get('/t/{tenant}/studies', {
      path: { tenant },
      query: { limit: pageSize, ...(status === 'Held' ? { held: true } : status && { status }), ...(pageParam !== undefined && { before: pageParam }) },
      signal,
    }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => (page.studies.length < pageSize ? undefined : page.studies.at(-1)?.id),
    select: (data: InfiniteData<Schemas['ListStudiesResponse'], string | undefined>) => data.pages.flatMap(page => page.studies),
    placeholderData: keepPreviousData,
    refetchInterval: isLive ? false : pollMs,
  });
}
