/* sink.h - an HDF5 file driver whose writes cannot fail as far as the HDF5 library can see.
 *
 * The library does not survive a full disk: after a write that failed it frees a file twice when the process ends, and dies of
 * it. So this driver notes the first error, lets the library finish in peace, and the caller asks for the error at the end. */
#ifndef NN_SINK_H
#define NN_SINK_H
#include <hdf5.h>

typedef struct sink { int fd; int error; } sink;     /* an open, empty file for reading and writing; errno of the first failure, 0 */

/* Makes files opened with the access list `how` go to s, whatever their name. Returns the driver, for H5FDunregister once the file
 * is closed; negative: refused. */
hid_t sink_use(hid_t how, sink *s);
#endif
