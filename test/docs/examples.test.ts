/** The examples in README.md and docs are valid: configurations, command lines, npm scripts and links. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseCommandLine } from '../../debug-adapter/cli/options.ts';
import { guest } from '../support/guests.ts';
import { parseLaunch } from '../support/launch.ts';
import { type CodeBlock, codeBlocks, DOCUMENTS, parseJson, ROOT, textOf } from './documents.ts';
import { EXAMPLE_ENVIRONMENT, sampleRepository } from './sampleRepository.ts';
import { some } from '../support/extent.ts';

const blocks = DOCUMENTS.flatMap(codeBlocks);
const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const settings = manifest.contributes.debuggers[0].configurationAttributes.launch.properties;

/** The settings that VS Code itself defines for every debugger. */
const EDITOR_SETTINGS = ['type', 'request', 'name', 'preLaunchTask'];
const CLIENT_SETTINGS = ['clientID', 'adapterID', 'linesStartAt1', 'columnsStartAt1', 'pathFormat'];

test('the configurations pass the parser, and all their settings exist', () => {
  const json = blocks.filter(({ language }) => /^jsonc?$/.test(language));
  assert.ok(json.length >= 7, 'the examples were found');
  for (const block of json) {
    const parsed = parseJson(block);
    for (const configuration of (parsed.configurations as Record<string, unknown>[]) ?? [parsed]) {
      for (const name of Object.keys(configuration)) {
        const isKnown = name in settings || [...EDITOR_SETTINGS, ...CLIENT_SETTINGS].includes(name);
        assert.ok(isKnown, `${where(block)}: ${name}`);
      }
      if (configuration.type === 'blkreplay') parseLaunch(configuration);
    }
  }
});

test('the command lines have valid options', () => {
  const commands = blocks
    .filter(({ language }) => /^(sh|gdb)/.test(language))
    .flatMap((block) => commandLines(block.text).map((line) => ({ block, line })));
  assert.ok(commands.length >= 25, 'the examples were found');
  for (const { block, line } of commands) {
    assert.doesNotThrow(() => parseCommandLine(line), `${where(block)}: ${line.join(' ')}`);
  }
});

test('an invalid option in an example is detected', () => {
  const [line] = commandLines('x | node ../dist/cli.js record --kernel "a b" \\\n  --no-such-option > file\n');
  assert.deepEqual(line, ['record', '--kernel', 'a b', '--no-such-option']);
  assert.throws(() => parseCommandLine(line));
});

const isExample = ({ language }: CodeBlock) => language === 'sh run';
const WITH_EXAMPLES = DOCUMENTS.filter((document) => codeBlocks(document).some(isExample));

for (const document of some(WITH_EXAMPLES, 0)) {
  const examples = codeBlocks(document).filter(isExample);
  test(`the shell examples in ${document} run in order`, (t) => {
    const { folder } = sampleRepository(t);
    copyFileSync(guest('small/reset'), path.join(folder, 'kernel.elf'));
    copyFileSync(guest('kernel/oslet'), path.join(folder, 'shell.elf'));
    writeFileSync(path.join(folder, 'disk.img'), '');
    truncateSync(path.join(folder, 'disk.img'), 4 << 20);
    for (const block of examples) {
      const options = { cwd: folder, env: EXAMPLE_ENVIRONMENT, encoding: 'utf8' } as const;
      const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', block.text], options);
      assert.equal(status, 0, `${where(block)}:\n${block.text}\n${stdout}${stderr}`);
    }
  });
}

test('npm scripts in the documentation exist', () => {
  const names = DOCUMENTS.flatMap((document) => [...textOf(document).matchAll(/npm (?:run ([\w:]+)|(test))\b/g)]).map(
    ([, script, test]) => script ?? test,
  );
  assert.ok(names.length >= 8);
  for (const name of names) assert.ok(name in manifest.scripts, name);
});

test('links between documents lead to existing files and headings', () => {
  let count = 0;
  for (const document of DOCUMENTS) {
    const text = textOf(document).replaceAll(/```[\s\S]*?```/g, '');
    for (const [, target] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file, heading] = target.split('#');
      const linked = file ? path.posix.join(path.posix.dirname(document), file) : document;
      assert.ok(existsSync(path.join(ROOT, linked)), `${document}: ${target}`);
      if (heading) assert.ok(headings(linked).includes(heading), `${document}: ${target}`);
      count++;
    }
  }
  assert.ok(count > 30, 'the links were found');
});

/** The anchors that GitHub and VS Code generate for a document's headings. */
function headings(document: string): string[] {
  return [...textOf(document).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** The arguments of each `node dist/cli.js` command in a block of shell commands, without redirections. */
function commandLines(text: string): string[][] {
  const joined = text.replaceAll(/\\\n\s*/g, '');
  return [...joined.matchAll(/node (?:\.\.\/)*dist\/cli\.js ([^\n|>]*)/g)].map(([, words]) =>
    [...words.trim().matchAll(/"([^"]*)"|(\S+)/g)]
      .map(([, quoted, plain]) => quoted ?? plain)
      .filter((word) => !/^\d?[<>]/.test(word)),
  );
}

const where = ({ document, line }: CodeBlock) => `${document}:${line}`;
