import assert from 'node:assert/strict';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Sandbox } from '../../support/cli.ts';
import { DapClient, demoLaunch } from '../../support/dapClient.ts';
import { wholeFile } from './cli.ts';
import type { Shown } from './rows.ts';

type Body = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

/** A session and its folder. Rows that change the session start a separate one. */
export interface Scene {
  dap: DapClient;
  sandbox: Sandbox;
}

interface Owner {
  after(what: () => Promise<unknown>): void;
}

/** Starts a session that stops on entry. */
export async function started(
  owner: Owner & { after(what: () => void): void },
  settings: Settings = {},
): Promise<Scene> {
  const sandbox = new Sandbox(owner);
  const more = typeof settings === 'function' ? settings(sandbox) : settings;
  const dap = new DapClient(owner);
  await dap.start(demoLaunch(sandbox, { stopOnEntry: true, ...more }));
  await dap.event('stopped');
  return { dap, sandbox };
}

type Settings = object | ((sandbox: Sandbox) => object);

/** A recording of the demo, stopped at its live end on entry to a function with a parameter. Rows share it. */
let live: Promise<Scene> | undefined;
export const liveScene = (): Promise<Scene> =>
  (live ??= (async () => {
    const scene = await started(wholeFile);
    await scene.dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'statistics_sample' }] });
    await scene.dap.until('continue');
    return scene;
  })());

/** A recording of the demo, stopped in its history. Rows share it. */
let inHistory: Promise<Scene> | undefined;
export const pastScene = (): Promise<Scene> =>
  (inHistory ??= (async () => {
    const scene = await started(wholeFile);
    await scene.dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'statistics_sample' }] });
    await scene.dap.until('continue');
    await scene.dap.until('stepBack');
    return scene;
  })());

/**
 * Where an editor shows the error of a refused request: in a dialog, or elsewhere. If the extension made the request,
 * the error appears in a notification; otherwise, it appears where the user made the request, for example in the debug
 * console.
 */
type Visible = 'dialog' | 'elsewhere';

/** A request that the session must refuse. */
export const refused =
  (
    scene: (t: TestContext) => Promise<Scene>,
    command: string,
    args: Body | ((scene: Scene) => Promise<Body>),
    as: Visible = 'elsewhere',
  ) =>
  async (t: TestContext): Promise<Shown> => {
    const there = await scene(t);
    return refusal(there.dap, command, typeof args === 'function' ? await args(there) : args, as);
  };

export async function refusal(dap: DapClient, command: string, args: unknown, as: Visible): Promise<Shown> {
  const { success, message, body } = await dap.send(command, args);
  assert.equal(success, false, `${command} is refused`);
  const { format, showUser } = (body as { error: { format: string; showUser: boolean } }).error;
  assert.equal(showUser, as === 'dialog', `${command}: showUser`);
  return { code: message!, text: format };
}

/** A launch that must be refused, with the error in a dialog. */
export const launchRefused =
  (settings: Settings, trouble: (sandbox: Sandbox) => void | Promise<void> = () => {}) =>
  async (t: TestContext): Promise<Shown> => {
    const sandbox = new Sandbox(t);
    sandbox.disk('disk.img');
    await trouble(sandbox);
    const dap = new DapClient(t);
    await dap.request('initialize', { adapterID: 'blkreplay' });
    const more = typeof settings === 'function' ? settings(sandbox) : settings;
    return refusal(dap, 'launch', demoLaunch(sandbox, more), 'dialog');
  };

/** A breakpoint that is not set. The editor shows the message next to it. */
export const unverified =
  (scene: (t: TestContext) => Promise<Scene>, command: string, args: Body) =>
  async (t: TestContext): Promise<Shown> => {
    const { dap } = await scene(t);
    const { breakpoints } = await dap.request(command, args);
    const [{ verified, message }] = breakpoints as { verified: boolean; message: string }[];
    assert.equal(verified, false);
    return { text: message };
  };

/** A value that cannot be watched. The editor shows the description. */
export const unwatchable =
  (scene: (t: TestContext) => Promise<Scene>, args: (scene: Scene) => Promise<Body>) =>
  async (t: TestContext): Promise<Shown> => {
    const there = await scene(t);
    const { dataId, description } = await there.dap.request('dataBreakpointInfo', await args(there));
    assert.equal(dataId, null);
    return { text: description as string };
  };

/** A session's output in a category. Editors show the category `important` prominently. */
export function outputOf(dap: DapClient, category: string, pattern: RegExp): Shown {
  const outputs = dap.events.filter(({ event, body }) => event === 'output' && body.category === category);
  const found = outputs.map(({ body }) => body.output as string).find((text) => pattern.test(text));
  assert.ok(found, `an output matches ${pattern}: ${JSON.stringify(outputs)}`);
  return { text: found.trimEnd() };
}

/** The reference to a frame's scope (0: locals, 1: globals, 2: registers, 3: CSRs). Frame 0 is the innermost one. */
export async function scopeOf({ dap }: Scene, scope: number, frame = 0): Promise<number> {
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  const { scopes } = await dap.request('scopes', { frameId: stackFrames[frame].id });
  return scopes[scope].variablesReference as number;
}

/** An adapter in which some calls to the host fail (faults.ts). */
export function faultyAdapter(owner: Owner, fault: Record<string, string>): DapClient {
  const options = ['--import', pathToFileURL(path.join(import.meta.dirname, 'faults.ts')).href];
  return new DapClient(owner, { options, env: { ...process.env, ...fault } });
}
