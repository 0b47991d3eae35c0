/** The adapter's answers to each family of requests match the stored transcript word for word.
 *
 * BLKREPLAY_UPDATE=1 rewrites the transcripts: review the diff before committing. Console output is left out because
 * its division into events depends on timing.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch, source } from '../support/dapClient.ts';
import { some } from '../support/extent.ts';

type Ask = (command: string, args?: object) => Promise<any>; // eslint-disable-line @typescript-eslint/no-explicit-any

const FAMILIES: Record<string, (ask: Ask) => Promise<void>> = {
  breakpoints: async (ask) => {
    const path = source('demo/statistics.c');
    await ask('setBreakpoints', { source: { path }, breakpoints: [{ line: 18 }, { line: 20 }, { line: 31 }] });
    await ask('setFunctionBreakpoints', { breakpoints: [{ name: 'store_open' }, { name: 'nowhere' }] });
    await ask('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x80000000', offset: 4 }] });
    await ask('continue', { threadId: 1 });
    await ask('setInstructionBreakpoints', { breakpoints: [] });
    await ask('continue', { threadId: 1 });
  },
  stack: async (ask) => {
    await ask('setFunctionBreakpoints', { breakpoints: [{ name: 'statistics_sample' }] });
    await ask('continue', { threadId: 1 });
    const { stackFrames } = await ask('stackTrace', { threadId: 1 });
    await ask('stackTrace', { threadId: 1, startFrame: 1, levels: 1 });
    const { scopes } = await ask('scopes', { frameId: stackFrames[0].id });
    await ask('variables', { variablesReference: scopes[0].variablesReference });
    await ask('variables', { variablesReference: scopes[2].variablesReference });
    await ask('scopes', { frameId: 99 });
  },
  evaluate: async (ask) => {
    await ask('setFunctionBreakpoints', { breakpoints: [{ name: 'statistics_sample' }] });
    await ask('continue', { threadId: 1 });
    const { variablesReference } = await ask('evaluate', { expression: '*statistics', context: 'watch' });
    await ask('variables', { variablesReference });
    await ask('evaluate', { expression: '&store.superblock', context: 'hover' });
    await ask('evaluate', { expression: '$sp + 16', context: 'repl' });
    await ask('evaluate', { expression: 'nobody', context: 'repl' });
    await ask('readMemory', { memoryReference: '0x80000000', count: 8 });
    await ask('readMemory', { memoryReference: '0x0', count: 8 });
  },
  dataBreakpoints: async (ask) => {
    const { dataId } = await ask('dataBreakpointInfo', { name: 'store.superblock.label' });
    await ask('setDataBreakpoints', {
      breakpoints: [
        { dataId, accessType: 'write' },
        { dataId, accessType: 'read' },
      ],
    });
    await ask('continue', { threadId: 1 });
    await ask('reverseContinue', { threadId: 1 });
    await ask('dataBreakpointInfo', { name: '1 + 1' });
  },
  stepping: async (ask) => {
    await ask('setFunctionBreakpoints', { breakpoints: [{ name: 'start_interrupts' }] });
    await ask('continue', { threadId: 1 });
    for (const command of ['next', 'stepIn', 'stepOut', 'stepBack']) {
      await ask(command, { threadId: 1 });
      await ask('stackTrace', { threadId: 1, levels: 1 });
    }
    await ask('stepBack', { threadId: 1, granularity: 'instruction' });
    await ask('stackTrace', { threadId: 1, levels: 1 });
    await ask('setFunctionBreakpoints', { breakpoints: [] });
    await ask('reverseContinue', { threadId: 1 });
  },
  disassembly: async (ask) => {
    const { result } = await ask('evaluate', { expression: '&statistics_sample', context: 'repl' });
    const memoryReference = /0x[0-9a-f]+/.exec(result)![0];
    await ask('disassemble', { memoryReference, instructionOffset: -2, instructionCount: 8 });
    await ask('disassemble', { memoryReference, offset: 4, instructionCount: 2, resolveSymbols: false });
    await ask('disassemble', { memoryReference: '0x80000000', instructionOffset: -2, instructionCount: 4 });
    await ask('disassemble', { memoryReference, instructionCount: 1e6 });
  },
  custom: async (ask) => {
    await ask('setFunctionBreakpoints', { breakpoints: [{ name: 'start_interrupts' }] });
    await ask('continue', { threadId: 1 });
    await ask('blkreplay/overview');
    await ask('blkreplay/takeSnapshot', { name: 'here' });
    await ask('blkreplay/takeSnapshot', { name: 'auto-1' });
    await ask('blkreplay/renameSnapshot', { name: 'here', newName: 'elsewhere' });
    await ask('blkreplay/renameSnapshot', { id: '2', newName: 'there' });
    await ask('blkreplay/deleteSnapshot', { name: 'nowhere' });
    await ask('blkreplay/deleteSnapshot', { id: '3' });
    await ask('blkreplay/overview');
    await ask('blkreplay/goTo', { position: 10 });
    await ask('blkreplay/goTo', { position: -1 });
    await ask('blkreplay/consoleInput', { base64: 'YQ==' });
    await ask('blkreplay/deleteSnapshot', { name: 'there' });
    await ask('continue', { threadId: 1 });
    await ask('continue', { threadId: 1 });
    await ask('blkreplay/consoleInput', { base64: 'YQ==' });
    await ask('blkreplay/reverseStepIn', { threadId: 1 });
    await ask('stackTrace', { threadId: 1, levels: 1 });
    await ask('blkreplay/reverseStepOut', { threadId: 1 });
    await ask('stackTrace', { threadId: 1, levels: 1 });
    await ask('blkreplay/reverseStepIn', { threadId: 1, granularity: 'instruction' });
    await ask('blkreplay/reverseStepIn', { threadId: 1, granularity: 'page' });
  },
  writing: async (ask) => {
    await ask('setFunctionBreakpoints', { breakpoints: [{ name: 'statistics_sample' }] });
    await ask('continue', { threadId: 1 });
    const { stackFrames } = await ask('stackTrace', { threadId: 1, levels: 2 });
    const [frameId, callerId] = stackFrames.map(({ id }: { id: number }) => id);
    const { scopes } = await ask('scopes', { frameId });
    const { variablesReference } = scopes[0];
    await ask('setVariable', { variablesReference, name: 'now_us', value: '0x10 + 1' });
    await ask('setVariable', { variablesReference, name: 'nobody', value: '1' });
    await ask('setVariable', { variablesReference: scopes[2].variablesReference, name: 'a0', value: '0x55' });
    await ask('setVariable', { variablesReference: scopes[3].variablesReference, name: 'mepc', value: '0' });
    await ask('setExpression', { expression: 'statistics->ticks', value: '9', frameId });
    await ask('setExpression', { expression: '1 + 1', value: '9', frameId });
    await ask('evaluate', { expression: 'statistics->ticks = 10', context: 'repl', frameId });
    await ask('evaluate', { expression: 'statistics->ticks = 10', context: 'hover', frameId });
    await ask('evaluate', { expression: '$a1 = 3', context: 'repl', frameId });
    await ask('evaluate', { expression: '$a1 = 3', context: 'repl', frameId: callerId });
    await ask('writeMemory', { memoryReference: '0x80010000', offset: 4, data: 'AQID' });
    await ask('readMemory', { memoryReference: '0x80010000', count: 8 });
    await ask('writeMemory', { memoryReference: '0x10', data: 'AQID' });
    await ask('stepBack', { threadId: 1 });
    await ask('writeMemory', { memoryReference: '0x80010000', data: 'AQID' });
  },
};

/**
 * A lifecycle transcript starts without a session, whereas the other transcripts start with a session stopped at its
 * entry.
 */
const LIFECYCLES: Record<string, (ask: Ask, sandbox: Sandbox) => Promise<void>> = {
  lifecycle: async (ask, sandbox) => {
    await ask('threads');
    await ask('stackTrace', { threadId: 1 });
    await ask('initialize', { adapterID: 'blkreplay' });
    await ask('launch', settings(sandbox, { stopOnEntry: true }));
    await ask('continue', { threadId: 1 });
    await ask('configurationDone');
    await ask('threads');
    await ask('pause', { threadId: 1 });
    await ask('terminate');
    await ask('continue', { threadId: 1 });
    await ask('disconnect');
  },
  launchErrors: async (ask, sandbox) => {
    await ask('initialize', { adapterID: 'blkreplay' });
    sandbox.write('hd0.qcow2', 'mine');
    for (const change of [
      { rr: 'rewind' },
      { rrfile: undefined },
      { kernel: 'absent.elf' },
      { memory: '3M' },
      { console: 'printer' },
      { gdbServer: '1234' },
      { symbols: ['disk.img'] },
      { overwrite: 'never' },
      { rr: 'replay', rrfile: 'absent.rr' },
    ]) {
      await ask('launch', settings(sandbox, change));
    }
    await ask('launch', settings(sandbox, { overwrite: 'always' }));
    // An empty file may be replaced, because this loses no data.
    sandbox.write('hd0.qcow2', '');
    await ask('launch', settings(sandbox, { overwrite: 'always' }));
    await ask('disconnect');
  },
};

function settings(sandbox: Sandbox, more: object): object {
  const { kernel, ...launch } = demoLaunch(sandbox, more) as { kernel?: string };
  return { ...launch, kernel };
}

const RUNNING = new Set([
  ...['configurationDone', 'continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue'],
  ...['blkreplay/goTo', 'blkreplay/reverseStepIn', 'blkreplay/reverseStepOut'],
]);

const ALL = [...Object.entries(LIFECYCLES), ...Object.entries(FAMILIES)];

for (const [family, talk] of process.env.BLKREPLAY_UPDATE ? ALL : some(ALL, 2)) {
  test(`the adapter's ${family} messages match the stored transcript`, async (t) => {
    const sandbox = new Sandbox(t);
    const dap = new DapClient(t);
    if (family in FAMILIES) {
      await dap.start(demoLaunch(sandbox, { stopOnEntry: true }));
      await dap.event('stopped');
    }
    const lines: string[] = [];
    const say = (mark: string, what: string, body: unknown) =>
      lines.push(`${mark} ${what} ${JSON.stringify(body ?? {}, null, 1).replaceAll(/\s*\n\s*/g, ' ')}`);
    await talk(async (command, args) => {
      say('>>', command, args);
      const response = await dap.send(command, args);
      say('<<', response.success ? command : `${command} refused`, response.body);
      if (response.success && RUNNING.has(command)) say('<<', 'stopped', await dap.event('stopped'));
      if (response.success && command.startsWith('blkreplay/')) say('<<', 'blkreplay/place', dap.place);
      return response.body;
    }, sandbox);
    const output = lines.join('\n').replaceAll(source(''), 'GUESTS').replaceAll(sandbox.folder, 'PLACE');
    const text = `${masked(output)}\n`;
    const file = path.join(import.meta.dirname, 'transcripts', `${family}.txt`);
    if (process.env.BLKREPLAY_UPDATE) fs.writeFileSync(file, text);
    assert.equal(text, fs.readFileSync(file, 'utf8'));
  });
}

/**
 * Replaces dates, times, file sizes and positions with names. Equal values get the same name, so a transcript still shows
 * which values are equal.
 */
function masked(output: string): string {
  const positions = [...new Set(Array.from(output.matchAll(/"(?:position|end)": (\d{3,})/g), ([, number]) => number))];
  const named = positions.reduce(
    (text, number, i) => text.replaceAll(new RegExp(`\\b${number}\\b`, 'g'), `P${i + 1}`),
    output,
  );
  return named
    .replaceAll(/"date": "[^"]*"/g, '"date": "DATE"')
    .replaceAll(/"seconds": [\d.]+/g, '"seconds": SECONDS')
    .replaceAll(/"fileBytes": \d+/g, '"fileBytes": BYTES');
}
