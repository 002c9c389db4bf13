// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objective_exchange_view_model.h"

#include "viewmodels/format.h"
#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

ObjectiveExchangeViewModel::ObjectiveExchangeViewModel(client::BackendClient& client, QObject* parent)
    : QObject(parent), client_(client) {}

void ObjectiveExchangeViewModel::open(const QString& mode) {
    mode_ = mode;
    text_.clear();
    touch();
}

void ObjectiveExchangeViewModel::openImport() {
    open(u"import"_s);
}

void ObjectiveExchangeViewModel::openExport() {
    open(u"export"_s);
    ask_export();
}

void ObjectiveExchangeViewModel::set_form(const QString& form) {
    if (form == form_ || (form != u"openslo"_s && form != u"prometheus"_s)) return;
    form_ = form;
    if (mode_ == u"export"_s) ask_export();
    Q_EMIT changed();
}

void ObjectiveExchangeViewModel::touch() {
    ++question_;
    busy_ = done_ = false;
    result_.clear();
    notes_.clear();
    error_.clear();
    Q_EMIT changed();
}

void ObjectiveExchangeViewModel::close() {
    mode_.clear();
    touch();
}

void ObjectiveExchangeViewModel::ask_export() {
    touch();
    busy_ = true;
    const auto form = form_ == u"prometheus"_s ? api::ObjectiveForm::Prometheus : api::ObjectiveForm::OpenSlo;
    client_.objectives().export_objectives(form, this, [this, question = question_](const Result<std::string>& told) {
        if (question != question_) return;
        busy_ = false;
        if (told) {
            text_ = text_of(*told);
        } else {
            error_ = text_of(told.error().describe());
        }
        Q_EMIT changed();
    });
    Q_EMIT changed();
}

void ObjectiveExchangeViewModel::saveFile() {
    if (text_.isEmpty()) return;
    Q_EMIT saveWanted(form_ == u"prometheus"_s ? u"objectives-rules.yaml"_s : u"objectives.yaml"_s, text_.toUtf8());
}

void ObjectiveExchangeViewModel::opened(const QByteArray& text) {
    touch();
    Q_EMIT textOpened(QString::fromUtf8(text));
}

void ObjectiveExchangeViewModel::saved(const QString& file_name) {
    error_.clear();
    result_ = u"Saved as "_s + file_name;
    Q_EMIT changed();
}

void ObjectiveExchangeViewModel::file_failed(const QString& why) {
    result_.clear();
    error_ = why;
    Q_EMIT changed();
}

void ObjectiveExchangeViewModel::check(const QString& openslo) {
    send(openslo, true);
}

void ObjectiveExchangeViewModel::import(const QString& openslo) {
    send(openslo, false);
}

void ObjectiveExchangeViewModel::send(const QString& openslo, bool dry_run) {
    if (busy_) return;
    touch();
    busy_ = true;
    client_.objectives().import_objectives(openslo.toStdString(), dry_run, this,
                                           [this, question = question_](const Result<api::ImportedObjectives>& told) {
                                               if (told && told->kept) Q_EMIT imported();
                                               if (question != question_) return;
                                               busy_ = false;
                                               if (told) {
                                                   QStringList names;
                                                   for (const std::string& name : told->imported)
                                                       names.append(text_of(name));
                                                   for (const std::string& note : told->notes)
                                                       notes_.append(text_of(note));
                                                   done_ = told->kept;
                                                   result_ = (done_ ? u"Declared: "_s : u"Would be declared: "_s) +
                                                             (names.isEmpty() ? u"nothing"_s : names.join(u", "_s));
                                               } else {
                                                   error_ = text_of(told.error().describe());
                                               }
                                               Q_EMIT changed();
                                           });
    Q_EMIT changed();
}

}  // namespace streamgauge::viewmodels
