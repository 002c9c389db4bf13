// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/file_dialogs.h"

#include <QDir>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QSaveFile>

#include <functional>

#include "loadgen/scenario_text.h"

namespace streamgauge::console {

using namespace Qt::Literals::StringLiterals;
using viewmodels::LoadViewModel;

namespace {

// Not modal for the program: the run that is under way goes on being shown.
void ask(QFileDialog* dialog, LoadViewModel& load, std::function<void(const QString&)> chosen) {
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    QObject::connect(dialog, &QFileDialog::fileSelected, &load, std::move(chosen));
    QObject::connect(&load, &QObject::destroyed, dialog, &QObject::deleteLater);
    dialog->open();
}

// Empty: it is written.
QString write(const QString& path, const QByteArray& text) {
    QSaveFile file(path);
    const bool written = file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit();
    return written ? QString() : QString(path + u" cannot be written: "_s + file.errorString());
}

void ask_where(LoadViewModel& load, const QString& title, const QString& name,
               std::function<void(const QString&)> chosen) {
    auto* const dialog = new QFileDialog(nullptr, title);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(name);
    ask(dialog, load, std::move(chosen));
}

}  // namespace

void open_scenario(LoadViewModel& load, const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return load.scenario()->file_failed(path + u" cannot be read: "_s + file.errorString());
    const QByteArray text = file.read(static_cast<qint64>(loadgen::kScenarioBytes) + 1);
    if (text.size() > static_cast<qsizetype>(loadgen::kScenarioBytes))
        return load.scenario()->file_failed(path + u" is larger than a scenario may be"_s);
    load.scenario()->opened(QFileInfo(path).fileName(), text);
}

void save_scenario(LoadViewModel& load, const QString& path, const QByteArray& text) {
    const QString fault = write(path, text);
    if (fault.isEmpty()) {
        load.scenario()->saved(QFileInfo(path).fileName());
    } else {
        load.scenario()->file_failed(fault);
    }
}

void save_report(LoadViewModel& load, const QString& path, const QByteArray& text) {
    load.runs()->told(write(path, text));
}

void serve_files(LoadViewModel& load) {
    QObject::connect(load.scenario(), &viewmodels::ScenarioViewModel::openWanted, &load, [&load] {
        auto* const dialog = new QFileDialog(nullptr, u"Open a scenario"_s);
        dialog->setFileMode(QFileDialog::ExistingFile);
        dialog->setNameFilters({u"Scenarios (*.yaml *.yml)"_s, u"All files (*)"_s});
        ask(dialog, load, [&load](const QString& path) { open_scenario(load, path); });
    });
    QObject::connect(load.scenario(), &viewmodels::ScenarioViewModel::saveWanted, &load,
                     [&load](const QString& name, const QByteArray& text) {
                         ask_where(load, u"Save the scenario"_s, name,
                                   [&load, text](const QString& path) { save_scenario(load, path, text); });
                     });
    QObject::connect(load.runs(), &viewmodels::LoadRunsViewModel::saveWanted, &load,
                     [&load](const QString& name, const QByteArray& text) {
                         ask_where(load, u"Save the report"_s, name,
                                   [&load, text](const QString& path) { save_report(load, path, text); });
                     });
}

}  // namespace streamgauge::console
