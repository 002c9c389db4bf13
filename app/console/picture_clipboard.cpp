// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/picture_clipboard.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QImage>

namespace streamgauge::console {

bool PictureClipboard::copy(const QVariant& image) const {
    const auto picture = image.value<QImage>();
    if (picture.isNull()) return false;
    QGuiApplication::clipboard()->setImage(picture);
    return true;
}

}  // namespace streamgauge::console
