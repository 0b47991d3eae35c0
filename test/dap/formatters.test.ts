/** The natvis files in a launch configuration format variables, and mistakes in these files are reported. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { longTest } from '../support/extent.ts';

const NATVIS = `<AutoVisualizer>
  <Type Name="superblock">
    <DisplayString>{label,sb}, {entry_count} entries</DisplayString>
    <Expand><Item Name="boots">boots</Item><Synthetic/></Expand>
  </Type>
</AutoVisualizer>`;

longTest('natvis files of the workspace are used, and files in the launch configuration take precedence', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('one.natvis', natvis({ superblock: 'from one' }));
  sandbox.write('workspace.natvis', natvis({ superblock: 'from the workspace', store: 'a store' }));
  const dap = new DapClient(t);
  const files = { visualizerFiles: ['one.natvis'], workspaceVisualizerFiles: ['workspace.natvis'] };
  await dap.start(demoLaunch(sandbox, files));
  await dap.event('stopped');
  const textOf = async (expression: string) =>
    (await dap.request('evaluate', { expression, context: 'watch' })).result as string;
  assert.equal(await textOf('store.superblock'), 'from one');
  assert.equal(await textOf('store'), 'a store');
});

function natvis(texts: Record<string, string>): string {
  const types = Object.entries(texts).map(
    ([name, text]) => `<Type Name="${name}"><DisplayString>${text}</DisplayString></Type>`,
  );
  return `<AutoVisualizer>${types.join('')}</AutoVisualizer>`;
}

test('a natvis file in the launch configuration formats a struct, whose last child is then its raw view', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('demo.natvis', NATVIS);
  sandbox.write('broken.natvis', '<AutoVisualizer>\n<Type>');
  const dap = new DapClient(t);
  const visualizerFiles = ['demo.natvis', 'broken.natvis', 'missing.natvis'];
  await dap.start(demoLaunch(sandbox, { visualizerFiles }));
  await dap.event('stopped');
  const { result, variablesReference } = await dap.request('evaluate', {
    expression: 'store.superblock',
    context: 'watch',
  });
  assert.match(result as string, /, \d+ entries$/);
  const { variables } = await dap.request('variables', { variablesReference });
  assert.deepEqual(
    variables.map(({ name }: { name: string }) => name),
    ['boots', '[Raw View]'],
  );
  const raw = await dap.request('variables', { variablesReference: variables[1].variablesReference });
  assert.ok(raw.variables.some(({ name }: { name: string }) => name === 'entry_count'));
  const printed = dap.events.flatMap(({ event, body }) => (event === 'output' ? [body.output as string] : [])).join('');
  assert.match(printed, /demo\.natvis, line 4: "Synthetic" is not supported and is ignored\./);
  assert.match(printed, /broken\.natvis, line 2: "Type" has no attribute "Name"|broken\.natvis, line 2: .*expected/);
  assert.match(printed, /missing\.natvis does not exist/);
});
