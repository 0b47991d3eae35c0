import assert from 'node:assert/strict';
import path from 'node:path';
import type { DapClient } from '../support/dapClient.ts';
import { ROOT } from './documents.ts';

/**
 * Performs a recipe's steps for VS Code over DAP, with the requests that VS Code sends for them. The steps are written
 * in a small vocabulary, which SENTENCES defines. A step that matches no sentence is an error, so no step is silently
 * skipped.
 */
export class EditorSteps {
  /** The number of stops, values and call stacks that were compared with the recipe. */
  checks = 0;
  private readonly dap: DapClient;
  private readonly launch: object;
  private readonly lines = new Map<string, { line: number; condition?: string }[]>();
  private readonly dataIds: string[] = [];
  private readonly eventBreakpoints: object[] = [];
  private filters: { filter: string; label: string }[] = [];
  private isStarted = false;
  private isRunning = false;
  private threadId = 1;
  private previousThreadId = 1;
  private chosenVariable = '';

  /** `launch` is the recipe's configuration, without its program. */
  constructor(dap: DapClient, launch: object) {
    this.dap = dap;
    this.launch = launch;
  }

  async perform(step: string): Promise<void> {
    const text = step.replace(/\s+/g, ' ');
    const found = SENTENCES.flatMap(([pattern, run]) =>
      [...text.matchAll(pattern)].map((match) => ({ at: match.index, match, run })),
    ).sort((a, b) => a.at - b.at);
    assert.ok(found.length > 0, `no sentence of this step is known: ${text}`);
    for (const { match, run } of found) await run(this, match.slice(1));
  }

  // --- actions ---------------------------------------------------------------------------------------------------------

  async record(kernel: string, settings: object): Promise<void> {
    const { exceptionBreakpointFilters } = await this.dap.request('initialize', { adapterID: 'blkreplay' });
    this.filters = exceptionBreakpointFilters;
    await this.dap.request('launch', { ...this.launch, kernel, ...settings });
    await this.dap.event('initialized');
    this.isStarted = true;
    for (const file of this.lines.keys()) await this.sendLines(file);
    await this.dap.request('configurationDone');
    this.isRunning = true;
  }

  async press(command: string): Promise<void> {
    await this.dap.request(command, { threadId: this.threadId });
    this.isRunning = true;
  }

  async setLine(line: number, file: string, condition?: string): Promise<void> {
    this.lines.set(file, [...(this.lines.get(file) ?? []), { line, condition }]);
    if (this.isStarted) await this.sendLines(file);
  }

  async removeLine(line: number, file: string): Promise<void> {
    this.lines.set(
      file,
      (this.lines.get(file) ?? []).filter((breakpoint) => breakpoint.line !== line),
    );
    await this.sendLines(file);
  }

  /** Expands the variables view and selects Break on Value Change. */
  async breakOnValueChange(scope: string, parents: readonly string[], name: string): Promise<void> {
    const { scopes } = await this.dap.request('scopes', { frameId: (await this.frames())[0].id });
    let { variablesReference } = find<Shown>(scopes, scope);
    for (const parent of parents)
      variablesReference = find(await this.variables(variablesReference), parent).variablesReference;
    this.chosenVariable = find(await this.variables(variablesReference), name).value;
    const { dataId } = await this.dap.request('dataBreakpointInfo', { variablesReference, name });
    this.dataIds.push(dataId);
    await this.sendDataBreakpoints();
  }

  async removeDataBreakpoints(): Promise<void> {
    this.dataIds.length = 0;
    await this.sendDataBreakpoints();
  }

  async selectException(label: string, condition?: string): Promise<void> {
    const { filter: filterId } = this.filters.find((filter) => filter.label === label)!;
    const filterOptions = [{ filterId, condition }];
    const { breakpoints } = await this.dap.request('setExceptionBreakpoints', { filters: [], filterOptions });
    assert.equal(breakpoints[0].verified, true, label);
  }

  async breakOnEvent(breakpoint: object): Promise<void> {
    this.eventBreakpoints.push(breakpoint);
    const { breakpoints } = await this.dap.request('blkreplay/setEventBreakpoints', {
      breakpoints: this.eventBreakpoints,
    });
    assert.equal(breakpoints.at(-1).verified, true);
  }

  async type(text: string): Promise<void> {
    await this.dap.untilTerminal('$ ');
    await this.dap.type(`${text}\n`);
  }

  // --- what the user sees ----------------------------------------------------------------------------------------------

  async expectEnd(): Promise<void> {
    const { text, description } = await this.stopped();
    assert.equal(text ?? description, 'End of recording');
  }

  async expectStop(name: string, line?: number, file?: string): Promise<void> {
    await this.stopped();
    const [frame] = await this.frames();
    assert.equal(frame.name, name);
    if (file === undefined) return;
    assert.deepEqual([path.posix.basename(frame.source.path), frame.line], [file, line], 'the file and the line');
  }

  async expectCallStack(names: readonly string[]): Promise<void> {
    const frames = (await this.frames()).map(({ name }: { name: string }) => name);
    const found = frames.filter((name: string) => names.includes(name));
    assert.deepEqual(found, names, `the call stack is ${frames.join(', ')}`);
    this.checks++;
  }

  async expectValue(expression: string, value: string): Promise<void> {
    const [{ id: frameId }] = await this.frames();
    const { result } = await this.dap.request('evaluate', { expression, frameId, context: 'watch' });
    assert.equal(result, value, expression);
    this.checks++;
  }

  expectChosenVariable(value: string): void {
    assert.equal(this.chosenVariable, value);
    this.checks++;
  }

  expectOtherHart(): void {
    assert.notEqual(this.threadId, this.previousThreadId);
    this.checks++;
  }

  private async stopped() {
    assert.ok(this.isRunning, 'the guest was started');
    const stop = await this.dap.event('stopped');
    this.isRunning = false;
    this.previousThreadId = this.threadId;
    this.threadId = stop.threadId as number;
    this.checks++;
    return stop;
  }

  private async frames() {
    return (await this.dap.request('stackTrace', { threadId: this.threadId })).stackFrames;
  }

  private async variables(variablesReference: number): Promise<Shown[]> {
    return (await this.dap.request('variables', { variablesReference })).variables;
  }

  private async sendLines(file: string): Promise<void> {
    const source = { path: path.join(ROOT, 'test/guests', file) };
    const { breakpoints } = await this.dap.request('setBreakpoints', { source, breakpoints: this.lines.get(file) });
    for (const { verified, message } of breakpoints) assert.equal(verified, true, message);
  }

  private async sendDataBreakpoints(): Promise<void> {
    const wanted = this.dataIds.map((dataId) => ({ dataId, accessType: 'write' }));
    const { breakpoints } = await this.dap.request('setDataBreakpoints', { breakpoints: wanted });
    for (const { verified, message } of breakpoints) assert.equal(verified, true, message);
  }
}

interface Shown {
  name: string;
  value: string;
  variablesReference: number;
}

function find<T extends { name: string }>(shown: readonly T[], name: string): T {
  const found = shown.find((one) => one.name === name);
  assert.ok(found, `${name} is one of ${shown.map((one) => one.name).join(', ')}`);
  return found;
}

/** The commands behind the buttons of the debug toolbar. */
const BUTTONS: Record<string, string> = { Continue: 'continue', Reverse: 'reverseContinue', 'Step Back': 'stepBack' };

/** The names in backquotes. */
const quotedNames = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name);

type Run = (steps: EditorSteps, words: string[]) => Promise<void> | void;

/** The vocabulary: a pattern for each kind of sentence, and the action or check that it describes. */
const SENTENCES: readonly [RegExp, Run][] = [
  [
    /Record `([^`]+)`(?:, with `([^`]+)`)?/g,
    (steps, [kernel, more]) => steps.record(kernel, JSON.parse(`{${more ?? ''}}`)),
  ],
  [/\b[Pp]ress \*\*(Continue|Reverse|Step Back)\*\*/g, (steps, [button]) => steps.press(BUTTONS[button])],
  [
    /\b[Ss]et a breakpoint on line (\d+) of `([^`]+)`(?: with the condition `([^`]+)`)?/g,
    (steps, [line, file, condition]) => steps.setLine(Number(line), FILES[file] ?? file, condition),
  ],
  [
    /Remove the breakpoint on line (\d+) of `([^`]+)`/g,
    (steps, [line, file]) => steps.removeLine(Number(line), FILES[file] ?? file),
  ],
  [/Remove the data breakpoint/g, (steps) => steps.removeDataBreakpoints()],
  [
    /in \*Variables\*, expand \*([^*]+)\*((?: → \*[^*]+\*)*), right-click `([^`]+)` and select \*Break on Value Change\*/gi,
    (steps, [scope, parents, name]) =>
      steps.breakOnValueChange(
        scope,
        [...parents.matchAll(/\*([^*]+)\*/g)].map(([, parent]) => parent),
        name,
      ),
  ],
  [
    /under \*Exception Breakpoints\*, select \*([^*]+)\*(?:, and set its condition to `([^`]+)`)?/g,
    (steps, [label, condition]) => steps.selectException(label, condition),
  ],
  [
    /\*blkreplay: Break on Disk Access\* from the Command Palette: drive `([^`]+)`, requests `([^`]+)`, sectors `(\d+)`/g,
    (steps, [drive, request, sector]) =>
      steps.breakOnEvent({ kind: 'disk', drive, requests: [request], sectors: { first: Number(sector), count: 1 } }),
  ],
  [
    /\*blkreplay: Break on Console Text\* from the Command Palette: `([^`]+)`/g,
    (steps, [text]) => steps.breakOnEvent({ kind: 'console', text }),
  ],
  [/Type `([^`]+)` in the guest's terminal/g, (steps, [text]) => steps.type(text)],
  [/The session stops at the end of the recording/g, (steps) => steps.expectEnd()],
  [
    /Execution stops in `([^`]+)`(?:, at line (\d+) of `([^`]+)`)?/g,
    (steps, [name, line, file]) => steps.expectStop(name, line ? Number(line) : undefined, file),
  ],
  [/The call stack contains ((?:`\w+`(?:, | and )?)+)/g, (steps, [names]) => steps.expectCallStack(quotedNames(names))],
  [/Its value is already `([^`]+)`/g, (steps, [value]) => steps.expectChosenVariable(value)],
  [/(?<!with )`([^`]+)` is `([^`]+)`/g, (steps, [expression, value]) => steps.expectValue(expression, value)],
  [/on the other hart/g, (steps) => steps.expectOtherHart()],
];

/** The paths of source files that the recipes name without a folder. */
const FILES: Record<string, string> = { 'freed.c': 'cookbook/freed.c', 'race.c': 'cookbook/race.c' };
