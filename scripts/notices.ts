import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What esbuild says of a build: the inputs of each output, by their paths. */
interface Metafile {
  outputs: Record<string, { inputs: Record<string, unknown> }>;
}

/**
 * The licences of what ends up in the bundles. Read off esbuild's metafiles, so that a dependency that is bundled is
 * listed and one that only builds or tests is not. A package whose licence cannot be found fails the build.
 */
export function noticesFor(metafiles: readonly Metafile[]): string {
  const packages = bundledPackages(metafiles).map((folder) => noticeOf(folder));
  const names = packages.map(({ title }) => `  ${title}\n`).join('');
  return `blkreplay contains these packages:\n\n${names}\n${packages.map(({ text }) => text).join('\n')}`;
}

/** Folders such as `node_modules/@scope/name`, nested ones by their last part, sorted. */
function bundledPackages(metafiles: readonly Metafile[]): string[] {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)),
  );
  return [...new Set(inputs.flatMap((input) => packageFolder(input) ?? []))].sort();
}

/** Greedy, so that a package inside another package's node_modules is its own. */
function packageFolder(input: string): string | undefined {
  return /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

function noticeOf(folder: string): { title: string; text: string } {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).sort();
  const licences = files.filter((file) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(file));
  if (licences.length === 0) throw new Error(`${folder}: no licence file was found; a bundle must not include it`);
  // Packages list there what they contain themselves.
  const notices = files.filter((file) => /^(third.?party.?notices?|notice)(\.(md|txt))?$/i.test(file));
  const texts = [...licences, ...notices].map((file) => readFileSync(path.join(folder, file), 'utf8'));
  const title = `${name} ${version} (${license})`;
  return {
    title,
    text: [RULE, title, RULE, '', ...texts.map((text) => text.replaceAll('\r\n', '\n').trim() + '\n')].join('\n'),
  };
}

const RULE = '-'.repeat(80);
