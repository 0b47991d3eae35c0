/** All cases in largeKernel.test.ts pass; `npm test` runs only a selection of them. */
import './largeKernel.test.ts';
