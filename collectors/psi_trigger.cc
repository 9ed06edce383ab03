#include "collectors/psi_trigger.h"
