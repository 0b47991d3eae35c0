/** All cases in qemuImg.test.ts pass; `npm test` runs only a selection of them. */
import './qemuImg.test.ts';
