/** Line tables have the same rows as in objdump, and every instruction has the same line as in gdb. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { AT } from '../../../debug-adapter/engine/symbols/dwarf/constants.ts';
import { DebugInfo } from '../../../debug-adapter/engine/symbols/dwarf/info.ts';
import { readLineHeader } from '../../../debug-adapter/engine/symbols/dwarf/line.ts';
import { runLineProgram } from '../../../debug-adapter/engine/symbols/dwarf/lineProgram.ts';
import { DebugSections } from '../../../debug-adapter/engine/symbols/elf/debugSections.ts';
import { readElfFile } from '../../../debug-adapter/engine/symbols/elf/elfFile.ts';
import { requireTool, runTool } from '../../support/tools.ts';
import { nodeCompression } from '../../../debug-adapter/host/compression.ts';
import { fixture, hex, COMPARED_FILES, open } from './support/fixtures.ts';
import { runGdbCommands, GDB } from './support/gdb.ts';
import { guest } from '../../support/guests.ts';
import { some } from '../../support/extent.ts';

const OBJDUMP = 'riscv64-unknown-elf-objdump';

for (const file of some(COMPARED_FILES, 4)) {
  test(`all rows of all line tables match objdump's: ${path.basename(file)}`, (t) => {
    if (!requireTool(OBJDUMP, t)) return;
    const expected = rowsOfObjdump(file);
    assert.ok(expected.length > 50);
    assert.deepEqual(rowsOf(file), expected);
  });

  test(`the line of every instruction matches gdb's: ${path.basename(file)}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    const positions = rowsOfObjdump(file).map((row) => BigInt(row.split(' ')[2]));
    const pcs = [...new Set(positions.flatMap((address) => [address, address + 2n]))];
    const answers = runGdbCommands(
      file,
      pcs.map((pc) => `info line *${hex(pc)}`),
    );
    pcs.forEach((pc, i) => {
      const found = symbols.lineAt(pc);
      const [, line, start, end] =
        /^Line (\d+) of ".*?" (?:starts at address|is at address) (0x\w+).*?(?:and ends at (0x\w+)|but contains no code)/.exec(
          answers[i][0],
        ) ?? [];
      // For an address between two rows, gdb reports "starts at address A and ends at B", with A before pc.
      if (line === undefined) assert.equal(found, undefined, `${hex(pc)}: ${answers[i][0]}`);
      else
        assert.deepEqual(
          [found?.line, found && hex(found.start), found && hex(found.end)],
          [Number(line), start, end],
          hex(pc),
        );
    });
  });
}

test('a source file is found by any path that ends in the same components', () => {
  const symbols = open(guest('demo/demo'));
  const [address] = symbols.addressesOfLine('/home/somebody/guests/demo/journal.c', 20)?.addresses ?? [];
  assert.ok(address);
  for (const name of [
    'journal.c',
    'demo/journal.c',
    './demo/journal.c',
    'C:\\work\\demo\\journal.c',
    '/x/demo/../demo/journal.c',
    'DEMO/Journal.c',
  ]) {
    assert.deepEqual(symbols.addressesOfLine(name, 20)?.addresses, [address], name);
  }
  for (const name of ['/home/somebody/other/journal.c', 'ournal.c', 'nothing.c', '', '/']) {
    assert.equal(symbols.addressesOfLine(name, 20), undefined, name);
  }
});

test('a breakpoint on a line without code moves to the next line with code', () => {
  const symbols = open(fixture('flow-O0-v5'));
  const lines = symbols.breakpointLines('flow.c');
  const before = lines.find((line) => line > 10 && !lines.includes(line + 1)) ?? 0;
  const next = lines.find((line) => line > before);
  assert.ok(next !== undefined && next > before + 1);
  assert.equal(symbols.addressesOfLine('flow.c', before + 1)?.line, next);
  assert.equal(symbols.addressesOfLine('flow.c', 100_000), undefined);
});

test('a step over a line covers all address ranges of that line', () => {
  const symbols = open(fixture('flow-O0-v5'));
  const [loop] = symbols.addressesOfLine('flow.c', 35)?.addresses ?? [];
  const ranges = symbols.statementRanges(loop);
  assert.ok(ranges.length >= 2, 'a for loop has its start and its end at different addresses');
  for (const { start, end } of ranges) {
    assert.ok(start < end);
    assert.equal(symbols.lineAt(start)?.line, 35);
    assert.equal(symbols.lineAt(end - 1n)?.line, 35);
    assert.notEqual(symbols.lineAt(end)?.line, 35);
  }
});

/** The rows of all line tables of a file as `file line address statement`, in table order. */
function rowsOf(file: string): string[] {
  const elf = readElfFile(fs.readFileSync(file), file);
  const report = (what: unknown) => assert.fail(String(what));
  const sections = new DebugSections(elf, { name: file, compression: nodeCompression, report });
  const info = new DebugInfo(sections, { bias: 0n, report });
  const rows: string[] = [];
  const seen = new Set<number>();
  for (const unit of info.units) {
    const offset = unit.root.sectionOffset(AT.stmtList);
    if (offset === undefined || seen.has(offset)) continue;
    seen.add(offset);
    const unitName = unit.root.text(AT.name) ?? '';
    const header = readLineHeader(sections, { name: '.debug_line', offset, compDir: unit.compDir, unitName });
    runLineProgram(header, ({ address, file: number, line, isStatement, endSequence }) => {
      const name = path.basename(header.files[number]?.name ?? '');
      rows.push(`${name} ${endSequence ? '-' : line} ${hex(address)} ${isStatement && !endSequence ? 'x' : ''}`);
    });
  }
  return rows;
}

function rowsOfObjdump(file: string): string[] {
  const text = runTool(OBJDUMP, ['--dwarf=decodedline', file]);
  return text.split('\n').flatMap((line) => {
    const match = /^(\S+)\s+(\d+|-)\s+(0x[\da-f]+|0)(?:\s+\d+)?(\s+x)?(\s+END)?\s*$/.exec(line);
    if (!match) return [];
    const [, name, number, address, statement] = match;
    return [
      `${path.basename(name)} ${number} ${address === '0' ? '0x0' : address} ${statement && number !== '-' ? 'x' : ''}`,
    ];
  });
}
