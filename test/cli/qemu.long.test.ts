/** All cases in qemu.test.ts pass; `npm test` runs only a selection of them. */
import './qemu.test.ts';
