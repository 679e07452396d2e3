import { Component, type ReactNode } from 'react';
import { ErrorState } from '@/ui';

/** What a defect of the portal itself, or a page that could not be fetched, leaves: a page that says so, and the way back. */
export class Crash extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    return this.state.error === undefined
      ? this.props.children
      : <ErrorState isPage error={this.state.error} onRetry={() => location.reload()} />;
  }
}
