/** Breakpoints and highlighting work in assembly files, unless another extension handles these files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isAssemblyFile } from '../../extension/editor/assemblyName.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const json = (file: string) => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));
const { contributes } = json('package.json');
const [language] = contributes.languages;
const [grammar] = contributes.grammars;

test('assembly files are recognized by name', () => {
  for (const file of ['/k/start.S', '/k/trap.s', 'C:/k/boot.asm', '/k/vectors.sx'])
    assert.ok(isAssemblyFile(file), file);
  for (const file of ['/k/main.c', '/k/notes.txt', '/k/S', '/k.S/readme', '/k/a.sh'])
    assert.ok(!isAssemblyFile(file), file);
});

test('the contributed language allows breakpoints and is not assigned to any file extension', () => {
  assert.ok(contributes.breakpoints.some((one: { language: string }) => one.language === language.id));
  assert.equal(grammar.language, language.id);
  for (const claim of ['extensions', 'filenames', 'filenamePatterns', 'firstLine'])
    assert.ok(!(claim in language), claim);
});

test('the grammar assigns a scope to each part of a line', () => {
  const rules: { match?: string; name?: string; captures?: Record<string, { name: string }> }[] = json(
    grammar.path,
  ).patterns;
  /** The scope at the first position where a rule matches. As in TextMate, the first matching rule counts. */
  const scopes = (line: string): string[] => {
    const found: string[] = [];
    for (let at = 0; at < line.length;) {
      const matches = rules.flatMap((rule) => {
        const match =
          rule.match && Array.from(line.matchAll(new RegExp(rule.match, 'g'))).find(({ index }) => index >= at);
        return match ? [{ rule, match }] : [];
      });
      const [first] = matches.sort((a, b) => a.match.index - b.match.index);
      if (!first) break;
      const { rule, match } = first;
      found.push(`${match[1] ?? match[0]} ${(rule.name ?? rule.captures![1].name).split('.').slice(0, 2).join('.')}`);
      at = match.index + match[0].length;
    }
    return found;
  };
  assert.deepEqual(scopes('loop: ld a0, 8(sp) # next'), [
    ...['loop entity.name', 'ld support.function', 'a0 variable.language', '8 constant.numeric'],
    ...['sp variable.language', '# next comment.line'],
  ]);
  assert.deepEqual(scopes('  .globl _start'), ['.globl keyword.control']);
  assert.deepEqual(scopes('#include "regs.h"')[0], '#include keyword.control');
  assert.deepEqual(scopes('1: bnez t0, 1b'), [
    ...['1 entity.name', 'bnez support.function', 't0 variable.language', '1b constant.numeric'],
  ]);
});
