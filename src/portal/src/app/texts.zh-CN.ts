export const files: Record<string, Record<string, unknown>> = import.meta.glob(
  ['/src/app/zh-CN.json', '/src/ui/zh-CN.json', '/src/features/*/zh-CN.json'], { eager: true, import: 'default' });
