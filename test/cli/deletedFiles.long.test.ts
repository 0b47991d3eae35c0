/** Files deleted or replaced during a recording are reported on stderr, and the recording continues. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';

const LIMIT = { timeout: 60_000 };

test(
  'files deleted or replaced during a recording are reported on stderr, and the recording continues',
  LIMIT,
  async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.disk('disk.img', 1 << 20);
    const drive = ['--drive', 'id=hd0,image=disk.img,format=raw,overlay=o.qcow2'];
    const endless = ['record', '--kernel', guest('endless/endless'), '--rrfile', 'a.rr', ...drive];
    const running = sandbox.start(endless);
    // The recording file stays empty until the guest runs.
    const length = () => (sandbox.exists('a.rr') ? fs.statSync(sandbox.path('a.rr')).size : 0);
    while (length() === 0 || !sandbox.exists('o.qcow2')) await sleep(20);
    await sleep(1000);
    fs.rmSync(sandbox.path('o.qcow2'));
    await running.untilSaid(
      /^blkreplay: o\.qcow2 was deleted while this session was writing to it\. .* will be lost when the session ends\./m,
    );
    fs.renameSync(sandbox.path(sandbox.disk('other.img')), sandbox.path('disk.img'));
    await running.untilSaid(/^blkreplay: disk\.img was replaced by another file while this session was reading it\. /m);
    running.kill('SIGINT');
    const { status, stderr } = await running.end;
    assert.equal(status, 130);
    assert.equal(stderr.match(/o\.qcow2 was deleted/g)?.length, 1, 'reported once');
  },
);
