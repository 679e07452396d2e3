import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { BrowserRouter } from 'react-router';
import { ApiProblem, onSignedOut } from '@/lib/api';
import { connection, onConnection } from '@/lib/connection';
import { sessionQuery } from '@/lib/session';
import { OfflineBar, ToastRegion } from '@/ui';
import { Crash } from './Crash';
import { Pages } from './routes';

const makeQueries = () => new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: 'always', // a page says that it is offline instead of waiting silently
      retry: (failures, error) => !(error instanceof ApiProblem && error.status < 500) && failures < 1,
      staleTime: 5_000,
    },
    mutations: { networkMode: 'always' },
  },
});

export function App() {
  const [queries] = useState(makeQueries);
  useEffect(() => onConnection(() => connection() === 'online' && void queries.invalidateQueries({ predicate: q => q.queryKey[0] !== 'session' })), [queries]);
  useEffect(() => onSignedOut(() => void queries.resetQueries({ queryKey: sessionQuery.queryKey })), [queries]);
  return (
    <QueryClientProvider client={queries}>
      <ToastRegion>
        <Crash>
          <OfflineBar />
          <BrowserRouter basename="/portal"><Pages /></BrowserRouter>
        </Crash>
      </ToastRegion>
    </QueryClientProvider>
  );
}
