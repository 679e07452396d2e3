import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import { readdirSync } from 'node:fs';
import ts from 'typescript-eslint';

// Who may import whom: app -> features/<noun> -> ui -> lib. A feature never imports another: what two of them need moves to ui or lib.
const above = {
  lib: ['app', 'features', 'ui'],
  ui: ['app', 'features'],
};
const parents = { group: ['../*'], message: "Write '@/…' for another folder and './…' for this one." };
const forbid = (folder, patterns) => ({
  files: [`src/${folder}/**`],
  rules: { 'no-restricted-imports': ['error', { patterns: [parents, ...patterns] }] },
});
const features = readdirSync('src/features', { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name);

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/lib/api/schema.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'curly': 'error',
      'eqeqeq': 'error',
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: 'Render text or elements: what comes from a study is not markup.' },
      ],
    },
  },
  { files: ['scripts/**'], languageOptions: { globals: { process: 'readonly', console: 'readonly', performance: 'readonly' } }, rules: { 'no-console': 'off' } },
  forbid('app', []),
  ...Object.entries(above).map(([folder, names]) => forbid(folder, [
    { group: names.map(name => `@/${name}/**`), message: `${folder}/ stands below ${names.join(', ')}.` },
  ])),
  ...features.map(noun => forbid(`features/${noun}`, [
    { group: ['@/app/**'], message: 'A feature does not know the app around it.' },
    { group: ['@/features/**', `!@/features/${noun}`, `!@/features/${noun}/**`], message: 'Features never import each other; share through ui/ or lib/.' },
  ])),
);
