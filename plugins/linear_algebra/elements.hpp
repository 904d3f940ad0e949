// Loops over the elements of arrays that are long in networks, for the instruction set of the machine. The same bits on
// every machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tuner::linear_algebra {

// out_i = scale byte_i + shift
template <class T>
void values_of_bytes(const unsigned char* bytes, std::size_t count, T scale, T shift, T* out);

// For i < count: out_i = the largest of values[place + i] for four places, and winners_i = place + i of it. Of equal
// values the first counts, of several NaN the last; NaN is larger than all. Places may repeat, in the same order.
template <class T>
void largest_of_four(const T* values, const std::size_t (&places)[4], std::size_t count, T* out,
                     std::uint32_t* winners);

}  // namespace tuner::linear_algebra
