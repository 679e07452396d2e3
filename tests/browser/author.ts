import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

const root = join(__dirname, '../..');
const keyFile = join(root, '.run/browser/author.pem');

/** The key of a model author whom the platform under test trusts; made once. */
function authorsKey() {
  if (!existsSync(keyFile)) {
    mkdirSync(dirname(keyFile), { recursive: true });
    writeFileSync(keyFile, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return createPrivateKey(readFileSync(keyFile));
}

export function authorsPublicKey(): string {
  return createPublicKey(authorsKey()).export({ type: 'spki', format: 'pem' }).toString();
}

/** Members of a manifest that are to be other than they are. */
export interface ManifestChange {
  readonly version: string;
  readonly name?: string;
  readonly title?: string;
  readonly quality?: object;
  readonly limits?: object;
}

/** A model of this repository, or of its tests, as another version, packed and signed; the paths of the zip and its signature. */
export function writePackage(model: string, change: ManifestChange, folder: string): { zip: string; signature: string } {
  const source = [join(root, 'src/models', model), join(root, 'tests/Platform.IntegrationTests/Packages', model)].find(existsSync) ?? '';
  const card = join(source, 'card.md');
  const manifest = { ...JSON.parse(readFileSync(join(source, 'manifest.json'), 'utf8')), ...change } as { name: string; version: string };
  const files: [string, Buffer][] = [
    ['card.md', existsSync(card) ? readFileSync(card) : Buffer.from('For tests.\n')],
    ...readdirSync(join(source, 'golden')).sort().filter(name => name.endsWith('.bin')).map((name): [string, Buffer] => [`golden/${name}`, readFileSync(join(source, 'golden', name))]),
    ['manifest.json', Buffer.from(JSON.stringify(manifest))],
    ['model.onnx', readFileSync(join(source, 'model.onnx'))],
  ];
  const bytes = stored(files);
  const zip = join(folder, `${manifest.name}-${manifest.version}.zip`);
  writeFileSync(zip, bytes);
  writeFileSync(`${zip}.sig`, sign('sha256', bytes, authorsKey()));
  return { zip, signature: `${zip}.sig` };
}

/** A zip of stored entries, dated 1980. */
function stored(files: readonly (readonly [string, Buffer])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of files) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), common, central, Buffer.from(name));
    parts.push(Buffer.from('PK\x03\x04'), common, Buffer.from(name), data);
    offset += 4 + common.length + name.length + data.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}
