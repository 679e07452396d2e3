import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from '@/app/App';
import { loadTexts } from '@/app/texts';
import { needTexts, startI18n } from '@/lib/i18n';
import { applyTheme } from '@/lib/theme';
import '@/ui/tokens.css';
import '@/ui/base.css';

applyTheme();
await startI18n(loadTexts);
await needTexts('app', 'ui');

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(<StrictMode><App /></StrictMode>);
}
