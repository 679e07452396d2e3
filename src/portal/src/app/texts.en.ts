export const files: Record<string, Record<string, unknown>> = import.meta.glob(
  ['/src/app/en.json', '/src/ui/en.json', '/src/features/*/en.json'], { eager: true, import: 'default' });
