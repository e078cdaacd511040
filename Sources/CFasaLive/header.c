#include "fasa_live.h"
