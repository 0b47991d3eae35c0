import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The part of esbuild's metafile that this module uses: the inputs of each output file, by path. */
interface Metafile {
  outputs: Record<string, { inputs: Record<string, unknown> }>;
}

/**
 * Collects the licenses of the bundled packages. It reads esbuild's metafiles, so packages that are used only for
 * building or testing are not listed. The build fails if a package does not contain a license file.
 */
export function noticesFor(metafiles: readonly Metafile[]): string {
  const packages = bundledPackages(metafiles).map((folder) => noticeOf(folder));
  const names = packages.map(({ title }) => `  ${title}\n`).join('');
  return `blkreplay contains these packages:\n\n${names}\n${packages.map(({ text }) => text).join('\n')}`;
}

/** The sorted folders of the bundled packages, such as `node_modules/@scope/name`. */
function bundledPackages(metafiles: readonly Metafile[]): string[] {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)),
  );
  return [...new Set(inputs.flatMap((input) => packageFolder(input) ?? []))].sort();
}

/**
 * The folder of the package that an input file belongs to. The match is greedy, so that for a package in another
 * package's node_modules, it finds the inner package.
 */
function packageFolder(input: string): string | undefined {
  return /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

function noticeOf(folder: string): { title: string; text: string } {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).sort();
  const licences = files.filter((file) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(file));
  if (licences.length === 0) throw new Error(`${folder}: no license file was found; a bundle must not include it`);
  // In files with these names, packages list the third-party code that they contain.
  const notices = files.filter((file) => /^(third.?party.?notices?|notice)(\.(md|txt))?$/i.test(file));
  const texts = [...licences, ...notices].map((file) => readFileSync(path.join(folder, file), 'utf8'));
  const title = `${name} ${version} (${license})`;
  return {
    title,
    text: [RULE, title, RULE, '', ...texts.map((text) => text.replaceAll('\r\n', '\n').trim() + '\n')].join('\n'),
  };
}

const RULE = '-'.repeat(80);
