/** The built-in formatters show the contents of C++ and Rust library types in real programs. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Value } from '../../../debug-adapter/engine/symbols/index.ts';
import { requireTool, runTool } from '../../support/tools.ts';
import { requireTools, rustHeapProgram } from './support/languagePrograms.ts';
import { runFixture, type StoppedFrame } from './support/run.ts';

const SOURCES = path.resolve(import.meta.dirname, 'fixtures/formatters');
/** The expected text of each variable, and the name and text of each of its children except the raw view. */
const EXPECTED: Record<string, [text: string | RegExp, children?: string[]]> = {
  brief: ['"brief"'],
  text: ['"a text that is too long for the object itself"'],
  numbers: ['{ size=5 }', ['[size] = 5', '[capacity] = 5', '[0] = 1', '[1] = 2', '[2] = 3', '[3] = 5', '[4] = 8']],
  words: ['{ size=2 }', ['[size] = 2', '[capacity] = 2', '[0] = "one"', '[1] = "two"']],
  none: ['{ size=0 }', ['[size] = 0', '[capacity] = 0']],
  letters: ['{ size=3 }', [...['[size] = 3', "[0] = (1, 97 'a')", "[1] = (2, 98 'b')", "[2] = (3, 99 'c')"]]],
  set: ['{ size=3 }', ['[size] = 3', '[0] = 10', '[1] = 20', '[2] = 30']],
  list: ['{ size=2 }', ['[size] = 2', '[0] = 7', '[1] = 8']],
  point: [/^0x[0-9a-f]+/, ['x = 4', 'y = 5']],
  null: ['nullptr', []],
};

for (const level of ['-O0', '-O2']) {
  test(`C++ standard library strings, containers and smart pointers are shown with their contents: ${level}`, (t) => {
    if (!requireTool('riscv64-linux-gnu-g++', t)) return;
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'formatters-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const program = path.join(folder, 'containers.elf');
    runTool('sh', [path.join(SOURCES, 'build.sh'), program, level]);
    const [, main] = runFixture(program, t)('stop');
    for (const [name, [text, children]] of Object.entries(EXPECTED)) {
      const value = valueOf(main, name);
      if (typeof text === 'string') assert.equal(value.text, text, name);
      else assert.match(value.text, text, name);
      const raw = value.children().at(-1)!;
      assert.equal(raw.name, '[Raw View]', name);
      assert.ok(raw.childCount > 0, name);
      assert.notEqual(raw.children()[0].name, '[size]', name);
      if (!children) continue;
      const shown = value.children().slice(0, -1);
      assert.deepEqual(
        shown.map((child) => `${child.name} = ${child.text}`),
        children,
        name,
      );
      // The expression of every element can be evaluated again, for example as a watch expression.
      for (const child of shown) {
        if (child.expression !== undefined && child.location.kind === 'memory') {
          const again = main.symbols.evaluate(child.expression, main.frame);
          assert.equal(again.kind === 'value' && again.value.text, child.text, `${name}${child.name}`);
        }
      }
    }
  });
}

/** The expected text of each variable in heap.rs, and the name and text of each of its children except the raw view. */
const EXPECTED_IN_RUST: Record<string, [text: string | RegExp, children: string[]]> = {
  text: [
    `"text with \\"quotes\\" and \u00e9"`,
    ['[len] = 25', ...[...Buffer.from('text with "quotes" and \u00e9')].map((byte, i) => `[${i}] = ${byte}`)],
  ],
  empty: ['""', ['[len] = 0']],
  numbers: ['{ len=4 }', ['[len] = 4', '[0] = 1', '[1] = 2', '[2] = 3', '[3] = 5']],
  words: ['{ len=2 }', ['[len] = 2', '[0] = "one"', '[1] = "two"']],
  none: ['{ len=0 }', ['[len] = 0']],
  boxed: [/^0x[0-9a-f]+ /, ['x = 4', 'y = 5']],
  slice: [/^alloc::boxed::Box<\[u16\], alloc::alloc::Global> \[7, 8, 9\]$/, ['[0] = 7', '[1] = 8', '[2] = 9']],
};

for (const level of ['0', '2']) {
  test(`Rust strings, vectors and boxes are shown with their contents: opt-level ${level}`, (t) => {
    const program = rustHeapProgram(level);
    if (!requireTools(program, t)) return;
    const [, main] = runFixture(program.build(), t)('heap::stop');
    for (const [name, [text, children]] of Object.entries(EXPECTED_IN_RUST)) {
      const value = valueOf(main, name);
      if (typeof text === 'string') assert.equal(value.text, text, name);
      else assert.match(value.text, text, name);
      const shown = value.children().filter((child) => child.name !== '[Raw View]');
      assert.deepEqual(
        shown.map((child) => `${child.name} = ${child.text}`),
        children,
        name,
      );
    }
  });
}

function valueOf({ symbols, frame }: StoppedFrame, name: string): Value {
  const evaluation = symbols.evaluate(name, frame);
  assert.ok(evaluation.kind === 'value');
  return evaluation.value;
}
