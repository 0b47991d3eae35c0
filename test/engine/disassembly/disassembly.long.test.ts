/** All cases in disassembly.test.ts pass; `npm test` runs only a selection of them. */
import './disassembly.test.ts';
