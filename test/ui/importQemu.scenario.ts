/** A QEMU command in a makefile becomes a launch configuration that runs. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openSample } from './scenario.ts';

const MAKEFILE = `K = kernel
CPUS ?= 1
QEMUOPTS = -machine virt -bios none -kernel $K/oslet.elf -smp $(CPUS) -nographic
QEMUOPTS += -global virtio-mmio.force-legacy=false
QEMUOPTS += -drive file=empty.qcow2,if=none,format=qcow2,id=x0
QEMUOPTS += -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0
QEMUOPTS += -netdev user,id=net0 -device virtio-net-device,netdev=net0

qemu: $K/oslet.elf
	qemu-system-riscv64 $(QEMUOPTS)
`;

test('a command from a makefile is imported, shown in launch.json, and recorded', async (t) => {
  const { workbench, folder } = await openSample(t);
  fs.writeFileSync(path.join(folder, 'Makefile'), MAKEFILE);
  const launchFile = path.join(folder, '.vscode/launch.json');
  const before = fs.readFileSync(launchFile, 'utf8');

  await workbench.command('blkreplay: Import QEMU Command Line...');
  await workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Makefile:10' }).waitFor();
  await workbench.screenshot('import-qemu-1-commands');
  await workbench.pick('Makefile:10');
  await workbench.page.locator('.tab.active[data-resource-name="launch.json"]').waitFor();
  await workbench.until('the differences are named', async () =>
    (await workbench.notifications()).some((text) => text.includes('"Record oslet"') && text.includes('-netdev')),
  );
  await workbench.screenshot('import-qemu-2-configuration');
  const after = fs.readFileSync(launchFile, 'utf8');
  assert.ok(after.startsWith(before.slice(0, before.lastIndexOf('}\n  ]'))), 'the rest of launch.json is unchanged');

  await workbench.page.locator('.notification-toast').getByRole('button', { name: 'Details' }).click();
  await workbench.page.locator('.editor-instance .view-line', { hasText: 'no network device' }).waitFor();
  await workbench.screenshot('import-qemu-3-details');

  await workbench.debugging.startConfiguration('Record oslet');
  await workbench.debugging.button('Stop').waitFor();
  await workbench.until('the guest runs', async () => (await workbench.terminal.text()).includes('$'));
  await workbench.screenshot('import-qemu-4-recording');
  await workbench.debugging.stop();
});
