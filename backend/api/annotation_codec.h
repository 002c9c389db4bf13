// SPDX-License-Identifier: GPL-3.0-or-later
// Annotations as JSON, on the wire and in the store.
//
//   {"id":"0198...","at":"2026-01-31T12:00:00Z","until":"2026-01-31T12:00:40Z","kind":"deploy","text":"2.3.1",
//    "project":"","by":"ada","tags":["eu"]}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/annotation_service.h"
#include "base/result.h"

namespace streamgauge::api {

std::string encode(const Annotation& annotation);
// {"annotations":[...]}
std::string encode(const std::vector<Annotation>& annotations);

// What read_new_annotation() takes: without the id and who made it.
std::string encode_new(const Annotation& annotation);
// What is asked for: `at` is now where it is missing, `kind` note; `id` and `by` are the server's to say and must not
// be there. InvalidArgument with Error::field.
Result<Annotation> read_new_annotation(std::string_view json, Timestamp now);
// What the server told: everything that encode() writes.
Result<Annotation> decode_annotation(std::string_view json);
Result<std::vector<Annotation>> decode_annotations(std::string_view json);

// InvalidArgument with Error::field where it breaks a limit of annotation_service.h.
Status check(const Annotation& annotation);

}  // namespace streamgauge::api
