/** The license notices cover every package that the source maps of the bundles list. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { noticesFor } from '../../scripts/notices.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DIST = path.join(ROOT, 'dist');

function packagesInBundles(): string[] {
  const maps = readdirSync(DIST).filter((file) => file.endsWith('.map'));
  const sources = maps.flatMap((file) => JSON.parse(readFileSync(path.join(DIST, file), 'utf8')).sources as string[]);
  const names = sources.flatMap((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []);
  return [...new Set(names)].sort();
}

test('the notices contain the license text of every package in a bundle', () => {
  const notices = readFileSync(path.join(DIST, 'THIRD_PARTY_NOTICES.txt'), 'utf8');
  const bundled = packagesInBundles();
  assert.ok(bundled.includes('fzstd') && bundled.includes('@vscode/debugadapter'), bundled.join(' '));
  for (const name of bundled) {
    const folder = path.join(ROOT, 'node_modules', name);
    const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    assert.ok(notices.includes(`${name} ${version} (`), `${name} ${version} is not in the notices`);
    const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file))!;
    const text = readFileSync(path.join(folder, licence), 'utf8').replaceAll('\r\n', '\n').trim();
    assert.ok(notices.includes(text), `${name}: its license text is not in the notices`);
  }
});

test('a package without a license file fails the build', (t) => {
  const folder = packageFolder(t, {});
  assert.throws(() => noticesFor([bundleOf(`${folder}/index.js`)]), /unlicensed: no license file was found/);
});

test('a package that is nested in another package is listed, together with its third-party notices', (t) => {
  const folder = packageFolder(t, { 'LICENCE.md': 'Do as you like.', 'ThirdPartyNotices.txt': 'Contains a font.' });
  const notices = noticesFor([bundleOf(`${folder}/lib/index.js`), bundleOf('extension/main.ts')]);
  assert.match(notices, /unlicensed 1\.0\.0 \(MIT\)\n-+\n\nDo as you like\.\n\nContains a font\.\n/);
});

function packageFolder(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'blkreplay-notices-'));
  t.after(() => rmSync(root, { recursive: true }));
  const folder = path.join(root, 'node_modules/outer/node_modules/unlicensed');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "unlicensed", "version": "1.0.0", "license": "MIT" }');
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

const bundleOf = (input: string) => ({ outputs: { 'dist/bundle.js': { inputs: { [input]: {} } } } });
