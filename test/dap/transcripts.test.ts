import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Workplace } from '../support/cli.ts';
import { DapClient, demoLaunch, source } from '../support/dapClient.ts';

/**
 * What is said, word for word, one transcript a request family. BLKREPLAY_UPDATE=1 writes them anew: read the difference
 * before you commit it. Console output is left out, since how it is cut into events is a matter of time.
 */
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
};

const RUNNING = new Set(['continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue']);

for (const [family, talk] of Object.entries(FAMILIES)) {
  test(`the transcript of ${family} is as it was`, async (t) => {
    const place = new Workplace(t);
    const dap = new DapClient(t);
    await dap.start(demoLaunch(place, { stopOnEntry: true }));
    await dap.event('stopped');
    const lines: string[] = [];
    const say = (mark: string, what: string, body: unknown) =>
      lines.push(`${mark} ${what} ${JSON.stringify(body ?? {}, null, 1).replaceAll(/\s*\n\s*/g, ' ')}`);
    await talk(async (command, args) => {
      say('>>', command, args);
      const response = await dap.send(command, args);
      say('<<', response.success ? command : `${command} refused`, response.body);
      if (RUNNING.has(command)) say('<<', 'stopped', await dap.event('stopped'));
      return response.body;
    });
    const guests = source('');
    const text = `${lines.join('\n').replaceAll(guests, 'GUESTS').replaceAll(place.folder, 'PLACE')}\n`;
    const file = path.join(import.meta.dirname, 'transcripts', `${family}.txt`);
    if (process.env.BLKREPLAY_UPDATE) fs.writeFileSync(file, text);
    assert.equal(text, fs.readFileSync(file, 'utf8'));
  });
}
